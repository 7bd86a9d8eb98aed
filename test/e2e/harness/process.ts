/** Processes of the product, started, killed and started again as a deployment would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { Part, Place, Running } from './stack.ts';
import { until } from './until.ts';

export const ROOT = new URL('../../../', import.meta.url).pathname;

/** Ports that were free a moment ago, all of them different: each is held until the last one is found. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

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
    const log = openSync(this.logFile, 'a');
    this.#child = spawn(process.execPath, [ROOT + this.#entry], {
      env: { ...process.env, NODE_OPTIONS: '', ...this.#env },
      stdio: ['ignore', log, log],
    });
    const child = this.#child;
    await until(`${this.name} to be ready (its log: ${this.logFile})`, async () => {
      if (child.exitCode !== null) throw new Error(`${this.name} ended with ${child.exitCode}: see ${this.logFile}`);
      const response = await fetch(this.#ready).catch(() => undefined);
      return response?.status === 200;
    });
  }

  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /** Ends it and waits until it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

/** Operator and API as processes of this machine, with a store of their own. */
export async function startProcesses({ namespace, folder, settings }: Place): Promise<Running> {
  const common = {
    KUBE_NAMESPACE: namespace,
    OET_STORE: path.join(folder, 'journal.sqlite'),
    OET_SCRIPT_IMAGE: process.env.E2E_IMAGE ?? 'localhost/python:3',
    OET_SCRIPTS_PATH: `${ROOT}docs/examples`,
    SCRIPTS_LOCATION: `${ROOT}docs/examples`,
    OET_OPERATOR_IDENTITY: 'e2e',
    OET_TOLERANCE_SECONDS: '5',
    LOG_LEVEL: process.env.E2E_LOG_LEVEL ?? 'info',
    ...settings,
  };
  const service = (name: string, port: number): Service =>
    new Service({
      name,
      entry: `${name}/main.ts`,
      env: { ...common, PORT: String(port) },
      ready: `http://127.0.0.1:${port}/readyz`,
      logFile: path.join(folder, `${name}.log`),
    });
  const [operatorPort = 0, apiPort = 0] = await freePorts(2);
  const [operator, api] = [service('operator', operatorPort), service('api', apiPort)];
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
