/** Small questions that decisions ask of what was observed. */
import type { Observed } from './types.ts';

/** A permit was written: from here on the script may have been loaded. */
export function isScriptPermitted(o: Observed): boolean {
  // A deleted procedure's permit cannot be read any more; that its run has left CREATING tells the same.
  return o.procedure?.status.permit?.nonce !== undefined || (o.run !== undefined && o.run.history.length > 1);
}

/** Seconds since the epoch of a Kubernetes time, as ms. */
export function at(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}

/** When the run's script process entered a state, ms. */
export function entered(o: Observed, state: string): number | undefined {
  const found = o.run?.history.find(([name]) => name === state);
  return found && found[1] / 1000;
}

export function isReady(o: Observed): boolean {
  return o.run?.state === 'READY' && !o.run.history.some(([name]) => name === 'RUNNING');
}
