/** The end of a run: its verdict into the store first, then, made from what the store has, the resource's terminal status. */
import { UnknownRun } from '../../journal/index.ts';
import type { Verdict } from '../../journal/types.ts';
import { terminalStatus } from '../status/status.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';
import { writeStatus } from './write-status.ts';

/** Records the verdict. A run that the store does not know (it was lost) has nobody to tell. */
export async function finish(
  uid: string,
  verdict: Verdict,
  { store, log }: Pick<ExecutePorts, 'store' | 'log'>,
): Promise<void> {
  try {
    await store.finish(uid, verdict);
  } catch (error) {
    if (!(error instanceof UnknownRun)) throw error;
    log.warn({ uid, verdict }, 'a run that is not in the store has ended');
  }
}

/** Tells the verdict on the resource, by status and event; of a deleted one the store notes that it is. */
export async function finishStatus(
  uid: string,
  procedure: LiveProcedure | undefined,
  ports: Pick<ExecutePorts, 'store' | 'procedures' | 'view' | 'clock' | 'record'>,
): Promise<void> {
  const { store, clock, record } = ports;
  if (!procedure) return store.markDeleted(uid);
  const run = await store.run(uid);
  if (!run?.verdict) return;
  const { verdict } = run;
  await writeStatus(procedure, terminalStatus(procedure, run, verdict, clock.now()), false, ports);
  const { state, reason, message } = verdict;
  const type = state === 'COMPLETE' || state === 'STOPPED' ? 'Normal' : 'Warning';
  record(procedure, { type, reason, action: 'Finish', note: `${state}: ${message ?? reason}` });
}
