/**
 * Carries a plan's actions out, each by the file that has its step: the only place of the operator that writes to the API server, to the
 * store (but for a capture's entries) and to runners.
 */
import type { Action, Observed } from '../decide/types.ts';
import { versionOf } from '../decide/versions.ts';
import { claim } from './claim.ts';
import { finish, finishStatus } from './finish.ts';
import { note, noteDegraded } from './note.ts';
import { Permits } from './permits.ts';
import { deletePod, makePod } from './pods.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';

type ResourceAction = Exclude<Action, { do: 'deletePod' | 'finish' | 'finishStatus' | 'release' }>;

export class Executor {
  readonly #ports: ExecutePorts;
  readonly #permits: Permits;

  constructor(ports: ExecutePorts) {
    this.#ports = ports;
    this.#permits = new Permits(ports);
  }

  /** Does one action of a plan made from `o`. Throws KubeError or the store's errors: the caller's queue tries again. */
  async execute(action: Action, o: Observed): Promise<void> {
    const procedure = this.#ports.view.procedure(o.uid);
    switch (action.do) {
      case 'deletePod':
        return deletePod(o.uid, action.pod, action.graceSeconds, this.#ports);
      case 'finish':
        return finish(o.uid, action.verdict, this.#ports);
      case 'finishStatus':
        return finishStatus(o.uid, procedure, this.#ports);
      case 'release':
        this.#permits.forget(o.uid);
        this.#ports.release(o.uid);
        return;
      default:
        // The rest is about the resource; a procedure that went meanwhile is decided upon anew.
        if (procedure) await this.#progress(procedure, action, o);
    }
  }

  async #progress(procedure: LiveProcedure, action: ResourceAction, o: Observed): Promise<void> {
    const permits = this.#permits;
    switch (action.do) {
      case 'claim':
        return claim(procedure, this.#ports);
      case 'createPod':
        return makePod(procedure, this.#ports);
      case 'permit':
        return permits.permit(procedure, action.nonce, action.pod, versionOf(o));
      case 'prepare':
        return permits.prepare(procedure, versionOf(o));
      case 'ready':
        return permits.ready(procedure, action, o.run);
      case 'start':
        permits.start(procedure);
        return;
      case 'stop':
        permits.stop(procedure, action.stop);
        return;
      case 'note':
        return note(procedure, action, this.#ports);
      case 'degraded':
        return noteDegraded(procedure, action.trouble, this.#ports);
    }
  }
}
