import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive, signalProcess } from './process-info.ts';
import type { ComponentState } from './state.ts';

const MAX_LOG = 10 * 1024 * 1024;

/** How a part is run. */
export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Where its output goes. */
  log: string;
  /** With a channel for messages to and from it. */
  ipc?: boolean;
  /** Milliseconds before it is started again, doubled each time up to `longestBackoffMs`, from anew after `healthyMs` of life. */
  backoffMs?: number;
  longestBackoffMs?: number;
  healthyMs?: number;
  /** Called after each start, exit and message. */
  onChange(): void;
  onMessage?(message: unknown): void;
}

/** A process that is started again whenever it ends, as a Deployment does with its pods. */
export interface Child {
  readonly state: ComponentState;
  start(): void;
  send(message: object): void;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. It is not started again. */
  stop(graceMs: number): Promise<void>;
}

/** A supervised process that is not started yet. */
export function createChild(options: ChildOptions): Child {
  const { backoffMs = 200, longestBackoffMs = 10_000, healthyMs = 10_000 } = options;
  const state: ComponentState = { name: options.name, restarts: 0, ready: false };
  let process_: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let stopping = false;
  let startedAt = 0;

  function start(): void {
    timer = undefined;
    startedAt = performance.now();
    const log = openLog(options.log);
    // A session of its own: Ctrl-C is for the supervisor, which ends its parts in their order.
    const child = spawn(options.command, options.args, {
      env: options.env,
      detached: true,
      stdio: ['ignore', log, log, ...(options.ipc ? (['ipc'] as const) : [])],
    });
    closeSync(log);
    process_ = child;
    if (child.pid !== undefined) state.process = identify(child.pid);
    child.on('error', (error) => {
      if (child.pid === undefined) ended(child, error.message); // it could not be started at all
    });
    child.on('exit', (code, signal) => {
      ended(child, signal ?? `exit ${String(code)}`);
    });
    if (options.ipc) {
      child.on('message', (message) => {
        options.onMessage?.(message);
        options.onChange();
      });
    }
    options.onChange();
  }

  function ended(child: ChildProcess, how: string): void {
    if (child !== process_) return;
    process_ = undefined;
    delete state.process;
    state.ready = false;
    state.lastExit = how;
    if (!stopping) {
      failures = performance.now() - startedAt > healthyMs ? 0 : failures + 1;
      state.restarts++;
      const wait = failures === 0 ? backoffMs : Math.min(backoffMs * 2 ** (failures - 1), longestBackoffMs);
      timer = setTimeout(start, wait);
    }
    options.onChange();
  }

  return {
    state,
    start,
    send(message) {
      if (process_?.connected) process_.send(message);
    },
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      const child = process_;
      const id = state.process;
      if (!child || !id) return;
      const gone = new Promise<void>((resolve) => {
        child.once('exit', () => {
          resolve();
        });
      });
      signalProcess(id, 'SIGTERM');
      const kill = setTimeout(() => {
        if (isAlive(id)) signalProcess(id, 'SIGKILL');
      }, graceMs);
      await gone;
      clearTimeout(kill);
    },
  };
}

/** Opens a log to append to; one that has grown large is put aside, in the place of the one before. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
