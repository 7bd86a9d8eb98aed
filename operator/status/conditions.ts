/** Conditions as kstatus, Argo CD and Flux read them: Ready, Reconciling and Stalled tell of the reconciling, Succeeded of the run. */
import { CONDITIONS } from '../../crds/constants.ts';
import type { ProcedureCondition } from '../../crds/index.ts';

export type Wanted = Omit<ProcedureCondition, 'lastTransitionTime' | 'observedGeneration'>;

/** The conditions of a procedure in this state. Reconciling and Stalled are there only while they hold. */
export function conditionsFor(state: string, reason: string, message: string): Wanted[] {
  const { ready, reconciling, stalled, succeeded } = CONDITIONS;
  const is = (type: string, status: Wanted['status'], why = reason): Wanted => ({ type, status, reason: why, message });
  switch (state) {
    case 'READY':
    case 'RUNNING':
      return [is(ready, 'True'), is(succeeded, 'Unknown')];
    case 'COMPLETE':
      return [is(ready, 'True'), is(succeeded, 'True')];
    case 'STOPPED':
      return [is(ready, 'True'), is(succeeded, 'False')];
    case 'FAILED':
    case 'UNKNOWN':
      return [is(ready, 'False'), is(stalled, 'True'), is(succeeded, state === 'FAILED' ? 'False' : 'Unknown')];
    default:
      return [is(ready, 'False'), is(reconciling, 'True'), is(succeeded, 'Unknown')];
  }
}

/** True while something hinders the capture: a run's output is late, or its end cannot be asked for. Absent else. */
export const CAPTURE_DEGRADED = 'CaptureDegraded';

/** Keeps lastTransitionTime where the status is the same as before. */
export function mergeConditions(
  before: readonly ProcedureCondition[],
  wanted: readonly Wanted[],
  generation: number,
  now: string,
): ProcedureCondition[] {
  return wanted.map((one) => {
    const old = before.find(({ type }) => type === one.type);
    const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now;
    return { ...one, observedGeneration: generation, lastTransitionTime };
  });
}
