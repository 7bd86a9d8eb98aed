import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for another one that got its number later. */
export interface ProcessId {
  pid: number;
  /** Ticks since boot at its start. */
  start: number;
}

/** When a process started; undefined if it is not there (or only its exit status is). */
function startOf(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // it is gone
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : Number(fields[19]);
}

/** The identity of a running process. */
export function identify(pid: number): ProcessId {
  return { pid, start: startOf(pid) ?? 0 };
}

/** Whether it still runs. */
export function isAlive({ pid, start }: ProcessId): boolean {
  return startOf(pid) === start;
}

/** Sends a signal if it still runs. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
