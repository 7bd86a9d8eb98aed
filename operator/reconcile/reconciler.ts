/** One key at a time: observe, decide, execute, until nothing is left to do; then wait for news or a deadline. */
import type { Procedure } from '../../crds/index.ts';
import type { Clock, Resource, WorkQueue } from '../../kube/index.ts';
import { isConflict, isNotFound, KubeError } from '../../kube/index.ts';
import type { Log } from '../capture/ports.ts';
import { decide } from '../decide/decide.ts';
import type { Executor } from './execute.ts';
import { observe, type ObservePorts } from './observe.ts';

export interface ReconcilerOptions {
  readonly queue: WorkQueue;
  readonly observe: ObservePorts;
  readonly executor: Executor;
  readonly procedures: Resource<Procedure>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every pass, for metrics: how long it took, ms, and how it ended. */
  readonly onPass?: (ms: number, outcome: 'success' | 'error' | 'conflict') => void;
}

/** Workers for everything, and one that takes only what is urgent: a stop never waits behind two hundred creates. */
const WORKERS = 8;
/** A run's whole life takes about ten steps; more without a pause is a loop that must not spin. */
const MOST_STEPS = 16;

export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Works until the queue is shut down and empty. */
  async run(): Promise<void> {
    const worker = async (urgentOnly: boolean): Promise<void> => {
      const { queue } = this.#options;
      for (let uid = await queue.get({ urgentOnly }); uid !== undefined; uid = await queue.get({ urgentOnly })) {
        await this.#pass(uid);
        queue.done(uid);
      }
    };
    await Promise.all([worker(true), ...Array.from({ length: WORKERS }, () => worker(false))]);
  }

  /** Never throws: one bad object must not end the process (lessons.md, CVE-2026-40886). */
  async #pass(uid: string): Promise<void> {
    const { queue, clock, log, onPass } = this.#options;
    const began = clock.monotonic();
    try {
      await this.#work(uid);
      queue.forget(uid);
      onPass?.(clock.monotonic() - began, 'success');
    } catch (error) {
      const conflict = isConflict(error);
      onPass?.(clock.monotonic() - began, conflict ? 'conflict' : 'error');
      if (conflict && (await this.#refresh(uid))) {
        queue.add(uid, { priority: 'high' });
        return;
      }
      const wait = error instanceof KubeError ? error.retryAfterSeconds : undefined;
      log.warn({ uid, err: error }, 'a pass failed; trying again');
      if (wait === undefined) queue.addRateLimited(uid);
      else queue.addAfter(uid, wait * 1000);
    }
  }

  async #work(uid: string): Promise<void> {
    const { executor, clock, queue, log } = this.#options;
    for (let step = 0; step < MOST_STEPS; step++) {
      const observed = await observe(uid, this.#options.observe);
      const plan = decide(observed, clock.now());
      if (plan.requeueAt !== undefined) queue.addAfter(uid, Math.max(1, plan.requeueAt - clock.now()));
      if (plan.actions.length === 0) return;
      log.debug({ uid, plan: plan.actions.map((action) => action.do) }, 'plan');
      for (const action of plan.actions) await executor.execute(action, observed);
      if (plan.actions.some((action) => action.do === 'release')) return;
    }
    log.warn({ uid }, 'a pass took too many steps; going on in a second');
    queue.addAfter(uid, 1_000);
  }

  /** Somebody else wrote first: take their version. False if the API server did not answer. */
  async #refresh(uid: string): Promise<boolean> {
    const { procedures, log } = this.#options;
    const { view } = this.#options.observe;
    const name = view.procedure(uid)?.metadata.name;
    if (name === undefined) return true;
    try {
      const live = await procedures.get(name);
      if (live.metadata.uid === uid) view.setProcedure(live);
      else view.removeProcedure(uid);
      return true;
    } catch (error) {
      if (isNotFound(error)) {
        view.removeProcedure(uid);
        return true;
      }
      log.warn({ uid, err: error }, 'could not read a procedure again after a conflict');
      return false;
    }
  }
}
