/** Removes from the store what is older than its retention: whole runs, and the events of no run. */
import { DEFAULTS } from '../crds/constants.ts';
import type { JournalStore, Run } from '../journal/types.ts';
import type { Clock } from '../kube/index.ts';
import type { Log } from './capture/ports.ts';

const EVERY_MS = 600_000;
/** Runs looked at in one go; what is left comes with the next. */
const PAGE = 1_000;

/** Whether a run's output is to go at `now`, ms. */
export function isExpired(run: Pick<Run, 'finished' | 'info'>, now: number): boolean {
  if (run.finished === null) return false;
  const { outputSeconds } = run.info;
  const kept = typeof outputSeconds === 'number' ? outputSeconds : DEFAULTS.outputSeconds;
  return run.finished / 1000 + kept * 1000 <= now;
}

/** One look: how many runs went. */
export async function pruneExpired(
  store: Pick<JournalStore, 'runs' | 'prune'>,
  namespace: string,
  now: number,
): Promise<number> {
  const over = await store.runs(namespace, { includeDeleted: true, finishedBefore: now * 1000, limit: PAGE });
  const eventsBefore = (now - DEFAULTS.outputSeconds * 1000) * 1000;
  return store.prune(
    over.filter((run) => isExpired(run, now)),
    { eventsBefore },
  );
}

/** Looks every ten minutes until the signal aborts; a look that fails is told and the next one comes. */
export async function retain(
  { store, namespace, clock, log }: { store: JournalStore; namespace: string; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      const runs = await pruneExpired(store, namespace, clock.now());
      if (runs > 0) log.info({ runs }, 'removed runs older than their retention');
    } catch (error) {
      log.error({ err: error }, 'could not remove what is older than its retention');
    }
  }
}
