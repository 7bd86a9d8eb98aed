/** What a resource says of a run that is under way beyond its steps: why it waits, what hinders it, that it is being stopped. */
import type { Action, Trouble } from '../decide/types.ts';
import { degradedStatus, stateStatus } from '../status/status.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';
import { writeStatus } from './write-status.ts';

type NotePorts = Pick<ExecutePorts, 'procedures' | 'view' | 'clock' | 'record'>;

/** Why it waits, as state and as an event; STOPPING needs no event: somebody asked for it. */
export async function note(
  procedure: LiveProcedure,
  { state, reason, message }: Extract<Action, { do: 'note' }>,
  ports: NotePorts,
): Promise<void> {
  await writeStatus(procedure, stateStatus(procedure, state, reason, message, ports.clock.now()), false, ports);
  if (state !== 'STOPPING') ports.record(procedure, { type: 'Warning', reason, action: 'Wait', note: message });
}

/** What hinders the capture, as a condition and as an event; undefined: nothing does any more. */
export async function noteDegraded(
  procedure: LiveProcedure,
  trouble: Trouble | undefined,
  ports: NotePorts,
): Promise<void> {
  await writeStatus(procedure, degradedStatus(procedure, trouble, ports.clock.now()), false, ports);
  if (!trouble) return;
  const { reason, message } = trouble;
  ports.record(procedure, { type: 'Warning', reason, action: 'Capture', note: message });
}
