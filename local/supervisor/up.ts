import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Paths } from './paths.ts';
import { poll } from './poll.ts';
import { isFree } from './ports.ts';
import { welcome } from './report.ts';
import { startStack } from './stack.ts';
import { liveState, readState, takeLock, type SupervisorState } from './state.ts';

const READY_WITHIN_MS = 60_000;
const DEFAULT_REST_PORT = 5000;
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Options of `up`. */
export interface UpOptions {
  paths: Paths;
  detach?: boolean;
  restPort?: number;
  kubePort?: number;
  namespace: string;
}

/** Starts the installation; resolves with the exit code, in the foreground when it has ended. */
export async function up(options: UpOptions): Promise<number> {
  mkdirSync(options.paths.dataDir, { recursive: true, mode: 0o700 });
  const running = liveState(options.paths.state);
  if (running) return alreadyUp(running, options);
  return options.detach ? detach(options) : foreground(options);
}

function alreadyUp(state: SupervisorState, { paths, detach: detached = false }: UpOptions): number {
  if (!detached)
    throw new Error(`it is up already (process ${state.supervisor.pid}), with its data in ${paths.dataDir}`);
  process.stdout.write(welcome(state, paths, true, process.cwd()));
  return 0;
}

async function foreground(options: UpOptions): Promise<number> {
  const { paths } = options;
  if (!takeLock(paths.lock)) throw new Error(`another oet-local uses ${paths.dataDir}`);
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const told = new Map<string, number>();
  const restPort = await restPortOf(options);
  const stack = await startStack({
    paths,
    namespace: options.namespace,
    ...(restPort === undefined ? {} : { restPort }),
    ...(options.kubePort === undefined ? {} : { kubePort: options.kubePort }),
    env: environment(),
    onChange(state) {
      for (const { name, restarts, lastExit } of state.components) {
        if ((told.get(name) ?? 0) < restarts)
          process.stderr.write(`oet-local: the ${name} ended (${lastExit ?? ''}), it is started again\n`);
        told.set(name, restarts);
      }
    },
  });
  let code = 0;
  try {
    const late = sleep(READY_WITHIN_MS, undefined, { ref: false }).then(() => {
      throw new Error(`not ready after ${READY_WITHIN_MS / 1000} s`);
    });
    const outcome = await Promise.race([stack.ready.then(() => 'ready'), asked.then(() => 'asked'), late]);
    if (outcome === 'ready') process.stdout.write(welcome(stack.state, paths, false, process.cwd()));
    await asked;
    process.stderr.write('oet-local: ending\n');
  } catch (error) {
    process.stderr.write(
      `oet-local: ${error instanceof Error ? error.message : String(error)}\n${lastWords(paths, stack.state)}`,
    );
    code = 1;
  }
  await stack.stop();
  rmSync(paths.lock, { force: true });
  return code;
}

/** 5000 where nothing else was said, as upstream's API has it; any port if that is taken. */
async function restPortOf({ restPort, paths }: UpOptions): Promise<number | undefined> {
  if (restPort !== undefined || readState(paths.state)) return restPort;
  return (await isFree(DEFAULT_REST_PORT)) ? DEFAULT_REST_PORT : 0;
}

/** What the parts inherit; their modules are compiled once for all starts. */
function environment(): NodeJS.ProcessEnv {
  const cache = fileURLToPath(new URL('../../.cache/node', import.meta.url));
  const { OET_LOCAL_CLUSTER: _own, ...inherited } = process.env;
  return { NODE_COMPILE_CACHE: cache, ...inherited, NODE_ENV: 'production' };
}

/** The ends of the logs of what is not ready. */
function lastWords(paths: Paths, state: SupervisorState): string {
  return state.components
    .filter(({ ready }) => !ready)
    .map(({ name }) => join(paths.logs, `${name}.log`))
    .filter((path) => existsSync(path))
    .map((path) => `--- ${path}\n${readFileSync(path, 'utf8').split('\n').slice(-12).join('\n')}`)
    .join('');
}

async function detach(options: UpOptions): Promise<number> {
  const { paths } = options;
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const path = join(paths.logs, 'supervisor.log');
  const log = openSync(path, 'w', 0o600);
  const args = [
    '--disable-warning=ExperimentalWarning',
    MAIN,
    'up',
    '--data-dir',
    paths.dataDir,
    '--namespace',
    options.namespace,
  ];
  if (options.restPort !== undefined) args.push('--rest-port', String(options.restPort));
  if (options.kubePort !== undefined) args.push('--kube-port', String(options.kubePort));
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const end = new AbortController();
  child.on('exit', () => end.abort());
  child.unref();
  const isUp = (): SupervisorState | undefined => {
    const state = liveState(paths.state);
    return state?.ready && state.supervisor.pid === child.pid ? state : undefined;
  };
  const state = await poll(isUp, { everyMs: 15, withinMs: READY_WITHIN_MS + 5000, signal: end.signal });
  if (state) {
    process.stdout.write(welcome(state, paths, true, process.cwd()));
    return 0;
  }
  process.stderr.write(readFileSync(path, 'utf8'));
  return 1;
}
