/** A pod's container as a local process: a bootstrap that runs for real, its stdin and stdout as attach and log. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ContainerStreams, Link } from '../capture/ports.ts';

export class ProcessPod implements ContainerStreams {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #log: Buffer[] = [];
  readonly #listeners = new Set<(chunk: Buffer) => void>();
  readonly exited: Promise<unknown>;

  constructor(bootstrap: string) {
    const { PATH, TMPDIR } = process.env;
    this.#child = spawn('python3', ['-u', '-c', bootstrap], {
      env: { PATH, ...(TMPDIR !== undefined && { TMPDIR }), OET_TERMINATION_LOG: '/dev/null' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = once(this.#child, 'exit');
    this.#child.stdin.on('error', () => undefined); // it has ended: what is written into an attach may be lost
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#log.push(chunk);
      for (const listener of this.#listeners) listener(chunk);
    });
  }

  attach({ stdout }: { stdout: boolean }, signal: AbortSignal): Promise<Link> {
    const { promise: closed, resolve } = Promise.withResolvers<{ failure?: string }>();
    let open = true;
    let listener: ((chunk: Buffer) => void) | undefined;
    const close = (): void => {
      open = false;
      if (listener) this.#listeners.delete(listener);
      resolve({});
    };
    void this.exited.then(close);
    signal.addEventListener('abort', close, { once: true });
    return Promise.resolve({
      get open() {
        return open;
      },
      write: (data) => {
        if (open) this.#child.stdin.write(data);
        return Promise.resolve();
      },
      onStdout: (given) => {
        if (!stdout) return;
        listener = given;
        this.#listeners.add(given);
      },
      closed,
      close,
    });
  }

  async readLog(
    { follow }: { follow: boolean },
    onChunk: (chunk: Buffer) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<{ how: 'eof' | 'broken' }> {
    let over = !follow;
    void this.exited.then(() => (over = true));
    for (let at = 0; !signal.aborted;) {
      const chunk = this.#log[at];
      if (chunk) await onChunk(chunk);
      else if (over) return { how: 'eof' };
      else await Promise.race([once(this.#child.stdout, 'data', { signal }).catch(() => undefined), this.exited]);
      if (chunk) at++;
    }
    return { how: 'broken' };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
