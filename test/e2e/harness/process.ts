/** Processes of the product, started, killed and started again as a deployment would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import type { Part, Place, Running } from './stack.ts';
import { until } from './until.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** An answer that takes longer is asked for again: the connection may lead to what has ended. */
export const LOOK_MS = 15_000;

/** What is set for another operator or API is not meant for these. */
const surroundings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OET_')));

class Service implements Part {
  readonly name: string;
  readonly logFile: string;
  readonly #entry: string;
  readonly #env: Record<string, string>;
  readonly #ready: string;
  #child: ChildProcess | undefined;

  /** `ready`: URL that answers 200 once it works. */
  constructor(options: { name: string; entry: string; env: Record<string, string>; ready: string; logFile: string }) {
    this.name = options.name;
    this.#entry = options.entry;
    this.#env = options.env;
    this.#ready = options.ready;
    this.logFile = options.logFile;
  }

  async start(): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return;
    const log = openSync(this.logFile, 'a');
    this.#child = spawn(process.execPath, [this.#entry], {
      env: { ...surroundings(), NODE_OPTIONS: '', ...this.#env },
      stdio: ['ignore', log, log],
    });
    const child = this.#child;
    await until(`${this.name} to be ready (its log: ${this.logFile})`, async () => {
      if (child.exitCode !== null) throw new Error(`${this.name} ended with ${child.exitCode}: see ${this.logFile}`);
      return (
        (await fetch(this.#ready, { signal: AbortSignal.timeout(LOOK_MS) }).catch(() => undefined))?.status === 200
      );
    });
  }

  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  async metrics(): Promise<string> {
    return (await fetch(new URL('/metrics', this.#ready))).text();
  }

  /** Ends it and waits until it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

/**
 * Operator or API as a process of this machine, not started yet. The two of a stack share a store in its folder. `root` is the
 * folder of the program: this one, or an older one's.
 */
export function processOf(
  { namespace, folder, settings = {} }: Pick<Place, 'namespace' | 'folder'> & Partial<Pick<Place, 'settings'>>,
  { name, port, root = ROOT }: { name: 'operator' | 'api'; port: number; root?: string },
): Part {
  const env = {
    KUBE_NAMESPACE: namespace,
    OET_STORE: path.join(folder, 'journal.sqlite'),
    OET_SCRIPT_IMAGE: process.env.E2E_IMAGE ?? 'localhost/python:3',
    OET_SCRIPTS_PATH: `${ROOT}docs/examples`,
    SCRIPTS_LOCATION: `${ROOT}docs/examples`,
    OET_OPERATOR_IDENTITY: 'e2e',
    OET_TOLERANCE_SECONDS: '5',
    LOG_LEVEL: process.env.E2E_LOG_LEVEL ?? 'info',
    ...settings,
    PORT: String(port),
  };
  const ready = `http://127.0.0.1:${port}/readyz`;
  return new Service({ name, entry: `${root}${name}/main.ts`, env, ready, logFile: path.join(folder, `${name}.log`) });
}

/** Operator and API, started. */
export async function startProcesses(place: Place): Promise<Running> {
  const [operatorPort, apiPort] = [await freePort(), await freePort()];
  const operator = processOf(place, { name: 'operator', port: operatorPort });
  const api = processOf(place, { name: 'api', port: apiPort });
  await Promise.all([operator.start(), api.start()]);
  return {
    operator,
    api,
    origin: `http://127.0.0.1:${apiPort}`,
    async end() {
      await Promise.all([operator.kill('SIGTERM'), api.kill('SIGTERM')]);
    },
  };
}
