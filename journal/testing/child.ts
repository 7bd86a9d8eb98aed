import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that appends (testing/appender.ts), as a test sees it. */
export class Appender {
  /** The highest n that it was told is stored. */
  acknowledged = 0;
  acknowledgements = 0;
  done = false;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #onLine: () => void;

  constructor(location: string, uid: string, id: number, total: number, onLine: () => void = () => undefined) {
    this.#onLine = onLine;
    const script = fileURLToPath(new URL('appender.ts', import.meta.url));
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', script, location, uid, String(id), String(total)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH },
      },
    );
    this.#exit = once(this.#child, 'close');
    const { stdout } = this.#child;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#line(line));
  }

  /** Resolves when it has ended; with its exit code, or null after a kill. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #line(line: string): void {
    if (line === 'done') {
      this.done = true;
    } else {
      this.acknowledged = Math.max(this.acknowledged, Number(line));
      this.acknowledgements++;
    }
    this.#onLine();
  }
}
