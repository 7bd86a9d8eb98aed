/** Who wants the run to end: a person, a deadline, or the deletion of the procedure. */
import { DEFAULTS } from '../../crds/constants.ts';
import { at, entered, isReady } from './facts.ts';
import type { Observed, StopRequest } from './types.ts';

/** The grace in force for this procedure, seconds. */
export function graceSeconds(o: Observed): number {
  return o.procedure?.spec.stop?.gracePeriodSeconds ?? DEFAULTS.gracePeriodSeconds;
}

/** The request to stop in force at `now`, or undefined; `next` is when a deadline will make one, ms. */
export function wantedStop(o: Observed, now: number): { stop?: StopRequest; next?: number } {
  const { procedure } = o;
  if (procedure === undefined) return {}; // garbage collection deletes the pod: the runner gets its SIGTERM from there
  const asked = procedure.spec.stop;
  if (asked) {
    const mode = asked.mode;
    return {
      stop: {
        reason: 'user',
        message: asked.reason ?? 'stop was asked for',
        mode,
        graceSeconds: mode === 'Immediate' ? 0 : graceSeconds(o),
      },
    };
  }
  const deadline = deadlineOf(o);
  if (!deadline) return {};
  if (now < deadline.at) return { next: deadline.at };
  return { stop: { reason: 'deadline', message: deadline.message, mode: 'Graceful', graceSeconds: graceSeconds(o) } };
}

/** The deadline that runs in the present state. The runner keeps prepare's and run's own; ours come later and catch its absence. */
function deadlineOf(o: Observed): { at: number; message: string } | undefined {
  const limits = o.procedure?.spec.deadlines;
  const status = o.procedure?.status;
  const running = entered(o, 'RUNNING') ?? at(status?.permit?.mainTime);
  if (running !== undefined) {
    const seconds = limits?.runSeconds;
    if (seconds === undefined) return undefined;
    return {
      at: running + (seconds + graceSeconds(o) + 5) * 1000,
      message: `main ran longer than deadlines.runSeconds (${seconds} s)`,
    };
  }
  const ready = entered(o, 'READY');
  if (ready !== undefined && isReady(o)) {
    const seconds = limits?.readySeconds;
    if (seconds === undefined) return undefined;
    return {
      at: heardBy(o, ready, ready + seconds * 1000),
      message: `nobody started it within deadlines.readySeconds (${seconds} s)`,
    };
  }
  const claimed = at(status?.claim?.time);
  if (claimed === undefined) return undefined;
  const seconds = limits?.prepareSeconds ?? DEFAULTS.prepareSeconds;
  const permitted = at(status?.permit?.initTime) ?? Infinity;
  return {
    at: heardBy(o, permitted, claimed + seconds * 1000),
    message: `not READY within deadlines.prepareSeconds (${seconds} s)`,
  };
}

/** When a deadline of something that began at `began` counts: READY or a start that came while no operator was there is heard of first. */
function heardBy(o: Observed, began: number, due: number): number {
  const { since } = o.capture;
  return since !== undefined && since > began ? Math.max(due, since + o.settings.drainMs) : due;
}
