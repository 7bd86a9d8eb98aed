import type { Paths } from './paths.ts';
import { poll } from './poll.ts';
import { isAlive, signalProcess } from './process-info.ts';
import { liveState } from './state.ts';

/** More than the parts get to end one after the other. */
const LONGEST_MS = 25_000;

/** Ends a running installation; false if none ran. Throws if it does not end. */
export async function down(paths: Paths): Promise<boolean> {
  const state = liveState(paths.state);
  if (!state) return false;
  signalProcess(state.supervisor, 'SIGTERM');
  const gone = () => (isAlive(state.supervisor) ? undefined : true);
  if (await poll(gone, { everyMs: 20, withinMs: LONGEST_MS })) return true;
  throw new Error(`the supervisor (process ${state.supervisor.pid}) does not end; its log is in ${paths.logs}`);
}
