import type { Op, Outcome } from '../shared/ops.ts';
import type { PackedError } from './errors.ts';

/** An operation on its way to the writer's thread. */
export interface Request {
  readonly ticket: number;
  readonly op: Op;
}
/** To the worker; `close` comes last. */
export type Order = Request | { readonly close: true };
/** From the worker: it is ready or could not begin; these operations are stored or failed; something else failed that costs no data; it has closed the file. */
export type Report =
  | { readonly ready: true }
  | { readonly broken: PackedError }
  | { readonly lastId: number; readonly settled: readonly Settled[] }
  | { readonly trouble: PackedError }
  | { readonly closed: true };
export type Settled =
  { readonly ticket: number; readonly value: Outcome } | { readonly ticket: number; readonly error: PackedError };
