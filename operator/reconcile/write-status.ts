import type { ProcedureStatus } from '../../crds/index.ts';
import { isNotFound } from '../../kube/index.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';

/**
 * Writes status and remembers the answer, which is newer than what the watch has told. A gone procedure is no error.
 * @param exact only onto this very version: KubeError 409 if somebody wrote since.
 */
export async function writeStatus(
  procedure: LiveProcedure,
  status: ProcedureStatus,
  exact: boolean,
  { procedures, view }: Pick<ExecutePorts, 'procedures' | 'view'>,
): Promise<void> {
  const { name, uid, resourceVersion } = procedure.metadata;
  try {
    const metadata = exact ? { uid, resourceVersion } : { uid };
    view.setProcedure(await procedures.mergePatch(name, { metadata, status }, { subresource: 'status' }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    view.removeProcedure(uid);
  }
}
