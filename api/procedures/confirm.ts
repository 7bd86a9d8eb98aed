import { isNotFound } from '../../kube/errors.ts';
import type { ApiClock, Logger, ProcedureResource } from '../ports.ts';
import type { Catalogue } from './catalogue.ts';

/** How often what the watch has not shown is looked for. */
const INTERVAL_MS = 30_000;

/**
 * Looks for procedures that this server made and that the watch did not show within half a minute: what was made and deleted
 * while the watch was broken is in no event, and would be listed for ever. Runs until the signal aborts; never rejects.
 */
export async function confirmUnseen(
  catalogue: Catalogue,
  resource: Pick<ProcedureResource, 'get'>,
  { clock, logger }: { readonly clock: ApiClock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let before = new Set<string>();
  for (;;) {
    await clock.sleep(INTERVAL_MS, signal);
    if (signal.aborted) return;
    const unseen = catalogue.unseen();
    const old = unseen.filter(({ metadata }) => before.has(metadata.uid));
    for (const object of old) {
      try {
        const found = await resource.get(object.metadata.name);
        if (found.metadata.uid !== object.metadata.uid) catalogue.apply({ type: 'DELETED', object });
      } catch (error) {
        if (isNotFound(error)) catalogue.apply({ type: 'DELETED', object });
        else logger.warn({ err: error, name: object.metadata.name }, 'looking for a procedure failed');
      }
    }
    before = new Set(unseen.map(({ metadata }) => metadata.uid));
  }
}
