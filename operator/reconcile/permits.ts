/**
 * What a run is permitted, and the commands that follow from it: each permit is in status before its command goes to the runner, so
 * that nobody, after whatever crash, gives a second one.
 */
import type { Pod } from '../../kube/index.ts';
import { microTime } from '../../kube/index.ts';
import type { Action, Observed, StopRequest } from '../decide/types.ts';
import { argumentsJSON, mainArgumentsJSON } from '../pod/arguments.ts';
import { prepareMessage } from '../pod/prepare.ts';
import { sourceStatus, stateStatus } from '../status/status.ts';
import type { ExecutePorts } from './ports.ts';
import { Scripts } from './scripts.ts';
import type { LiveProcedure } from './view.ts';
import { writeStatus } from './write-status.ts';

export class Permits {
  readonly #ports: ExecutePorts;
  readonly #scripts: Scripts;

  constructor(ports: ExecutePorts) {
    this.#ports = ports;
    this.#scripts = new Scripts(ports);
  }

  /** Permits this bootstrap to load the script, then has it do so. Nothing is permitted while the script cannot be found. */
  async permit(procedure: LiveProcedure, nonce: string, pod: Pod, version: number | undefined): Promise<void> {
    const { clock, view } = this.#ports;
    const found = version === undefined ? undefined : await this.#scripts.find(procedure, version);
    if (!found) return;
    const { name = '', uid = '' } = pod.metadata;
    const now = clock.now();
    await writeStatus(
      procedure,
      {
        ...stateStatus(procedure, 'LOADING', 'Preparing', 'the script is being loaded', now),
        pod: { name, uid, ...(pod.spec.nodeName !== undefined && { node: pod.spec.nodeName }) },
        permit: { nonce, initTime: microTime(now) },
        source: { uri: found.message.uri, ...(found.sha256 !== undefined && { sha256: found.sha256 }) },
      },
      true,
      this.#ports,
    );
    const permitted = view.procedure(procedure.metadata.uid);
    if (permitted) await this.prepare(permitted, version);
  }

  /** Waits for the version: the hello that tells it is on its way again. */
  async prepare(procedure: LiveProcedure, version: number | undefined): Promise<void> {
    const { captures, runner } = this.#ports;
    const nonce = procedure.status.permit?.nonce;
    if (nonce === undefined || version === undefined) return;
    const found = await this.#scripts.find(procedure, version);
    if (!found) return;
    const message = prepareMessage(procedure, found.message, argumentsJSON(procedure.spec.init));
    captures.get(procedure.metadata.uid)?.commands.prepare(nonce, runner, message);
  }

  /** READY in the resource; with `main` RUNNING at once and the permit for main, if the exclusivity key is to be had. */
  async ready(procedure: LiveProcedure, action: Extract<Action, { do: 'ready' }>, run: Observed['run']): Promise<void> {
    const { clock, exclusivity, store } = this.#ports;
    const { uid } = procedure.metadata;
    const { exclusive } = procedure.spec;
    const now = clock.now();
    if (!action.main) {
      if (exclusive !== undefined && action.reason === 'WaitingForExclusive') exclusivity.wait(exclusive, uid);
      const message = action.message ?? 'prepared; waiting for its start';
      const status = stateStatus(procedure, 'READY', action.reason ?? 'Ready', message, now);
      return writeStatus(procedure, { ...status, ...sourceStatus(run) }, false, this.#ports);
    }
    // Taken before the write, so that no other worker can take it meanwhile; decided again if somebody was faster.
    if (exclusive !== undefined && !exclusivity.take(exclusive, uid)) return;
    const nonce = procedure.status.permit?.nonce;
    if (nonce === undefined) return;
    await writeStatus(
      procedure,
      {
        ...stateStatus(procedure, 'RUNNING', 'Running', 'main was permitted', now),
        ...sourceStatus(run),
        permit: { nonce, mainTime: microTime(now) },
      },
      true,
      this.#ports,
    );
    await store.updateInfo(uid, { mainArgsJSON: mainArgumentsJSON(procedure.spec) });
  }

  start(procedure: LiveProcedure): void {
    const permit = procedure.status.permit;
    // The permit is in status, or nothing is started: the one rule that keeps main at most once.
    if (permit?.mainTime === undefined) return;
    this.#ports.captures.get(procedure.metadata.uid)?.commands.main(permit.nonce, mainArgumentsJSON(procedure.spec));
  }

  /** Needs no permit of its own; one that was never permitted anything has nothing to stop. */
  stop(procedure: LiveProcedure, stop: StopRequest): void {
    const nonce = procedure.status.permit?.nonce;
    if (nonce !== undefined) this.#ports.captures.get(procedure.metadata.uid)?.commands.stop(nonce, stop);
  }

  /** The run is over. */
  forget(uid: string): void {
    this.#scripts.forget(uid);
  }
}
