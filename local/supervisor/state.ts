import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identify, isAlive, type ProcessId } from './process-info.ts';

/** One part of the installation, as `status` shows it. */
export interface ComponentState {
  name: string;
  process?: ProcessId;
  restarts: number;
  ready: boolean;
  /** What it last died of. */
  lastExit?: string;
}

/** What a running supervisor tells of itself, in a file. */
export interface SupervisorState {
  supervisor: ProcessId;
  namespace: string;
  restUrl: string;
  kubeUrl: string;
  /** Everything is ready. */
  ready: boolean;
  /** Why it gave up. */
  failure?: string;
  components: ComponentState[];
}

/** The ports that an installation had, kept so that URLs and kubeconfigs hold over restarts. */
export interface SavedPorts {
  restPort?: number;
  kubePort?: number;
}

/** Writes the file in one step, so that nobody reads half of it. */
export function writeState(path: string, state: SupervisorState): void {
  const text = JSON.stringify(state, null, 2);
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The state in the file, whether its supervisor lives or not; undefined if there is none. */
export function readState(path: string): SupervisorState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as SupervisorState;
}

/** The state of a supervisor that runs now. */
export function liveState(path: string): SupervisorState | undefined {
  const state = readState(path);
  return state && isAlive(state.supervisor) ? state : undefined;
}

/** Makes this process the one supervisor of a data folder; false if another one lives. */
export function takeLock(path: string): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(identify(process.pid)), { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readLock(path);
    if (holder && isAlive(holder)) return holder.pid === process.pid;
    rmSync(path, { force: true });
  }
  return false;
}

function readLock(path: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessId;
  } catch {
    return undefined; // gone again, or cut short by a crash: nobody's
  }
}
