import type { StoredProcedure } from '../ports.ts';
import { isOurs } from './resource.ts';

/**
 * Which procedures a create forgets: those that are over, that REST made, and that are not among the newest `limit`.
 * `procedures` are oldest first. What GitOps or kubectl applied is never forgotten: it would be applied again.
 */
export function forgettable(procedures: readonly StoredProcedure[], limit: number): StoredProcedure[] {
  const old = procedures.slice(0, Math.max(0, procedures.length - limit));
  return old.filter((procedure) => procedure.status.phase === 'Finished' && isOurs(procedure));
}
