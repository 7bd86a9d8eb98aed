/** What hinders a capture is told while it lasts: as a condition beside the run's state, or as the reason of its wait. */
import { CAPTURE_DEGRADED } from '../status/conditions.ts';
import type { Observed, Plan, Trouble } from './types.ts';

/** The reason where the role does not grant pods/attach: nothing can be said to the runner. */
export const ATTACH_FORBIDDEN = 'AttachForbidden';

/** The reason while the store takes nothing: it is full, or cannot be reached. */
export const STORE_UNAVAILABLE = 'StoreUnavailable';

/** What passes sooner is not worth a write. */
const SHOW_AFTER_MS = 1_000;

/** The trouble that stands long enough to be told, or when one will. */
export function standing(o: Observed, now: number): { trouble?: Trouble; due?: number } {
  const { trouble } = o.capture;
  if (!trouble) return {};
  const due = trouble.since + SHOW_AFTER_MS;
  return now >= due ? { trouble } : { due };
}

/** The plan, with the condition CaptureDegraded brought up to date where nothing else is to be done. */
export function withTrouble(plan: Plan, o: Observed, now: number): Plan {
  if (!o.procedure || plan.actions.length > 0) return plan;
  const { trouble, due } = standing(o, now);
  const shown = o.procedure.status.conditions?.find(({ type }) => type === CAPTURE_DEGRADED);
  if (due !== undefined) return { ...plan, requeueAt: Math.min(due, plan.requeueAt ?? Infinity) };
  if (shown?.reason === trouble?.reason) return plan;
  return { ...plan, actions: [{ do: 'degraded', trouble }] };
}
