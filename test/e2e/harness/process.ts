/** Processes of the product, started, killed and started again as a deployment would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { until } from './until.ts';

export const ROOT = new URL('../../../', import.meta.url).pathname;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

export class Service {
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

  /** Ends it and waits until it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
