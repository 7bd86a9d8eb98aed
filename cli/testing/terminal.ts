import type { CliError } from '../errors.ts';
import { axiosTransport } from '../http/axios.ts';
import { realClock } from '../node-ports.ts';
import type { Clock, Ports } from '../ports.ts';
import { main } from '../program.ts';

/** A command line run within a test, with what it has written so far. */
export class Terminal {
  readonly env: Record<string, string> = {};
  readonly files: Record<string, string> = {};
  readonly interrupt = new AbortController();
  stdin: readonly (string | Uint8Array)[] = [];
  clock: Clock = realClock;
  /** What writing to stdout fails with, if it does. */
  outError: CliError | undefined;
  #out = Buffer.alloc(0);
  #err = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  constructor(url?: string) {
    if (url !== undefined) this.env['OET_URL'] = url;
  }

  get out(): string {
    return this.#out.toString();
  }

  get outBytes(): Buffer {
    return this.#out;
  }

  get err(): string {
    return this.#err.toString();
  }

  /** Runs one command line; gives its exit code. */
  run(...argv: string[]): Promise<number> {
    return main(argv, this.#ports());
  }

  /** Resolves when the condition holds; it is looked at after each write. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #ports(): Ports {
    const wake = (): void => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
    const { stdin, files } = this;
    return {
      stdout: {
        write: (chunk) => {
          if (this.outError !== undefined) return Promise.reject(this.outError);
          this.#out = Buffer.concat([this.#out, Buffer.from(chunk)]);
          wake();
          return Promise.resolve();
        },
      },
      stderr: {
        write: (chunk) => {
          this.#err = Buffer.concat([this.#err, Buffer.from(chunk)]);
          wake();
          return Promise.resolve();
        },
      },
      stdin: (async function* () {
        for (const chunk of stdin) yield await Promise.resolve(Buffer.from(chunk));
      })(),
      env: this.env,
      clock: this.clock,
      interrupted: this.interrupt.signal,
      readFile: (path) => Promise.resolve(files[path]),
      connect: (url, token) => Promise.resolve().then(() => axiosTransport(url, token)),
    };
  }
}
