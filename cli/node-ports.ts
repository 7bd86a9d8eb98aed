import { fstatSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, messageOf, ReaderGone, usageError } from './errors.ts';
import type { Clock, Ports, Sink } from './ports.ts';

/** A sink on a file: Node's own stream takes a write that a disk took a part of (its last blocks) for a whole one. */
function fileSink(fd: number): Sink {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(chunk);
        try {
          for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
          resolve();
        } catch (error) {
          reject(new CliError('output', `stdout: ${messageOf(error)}`));
        }
      }),
  };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false; // closed: Node's stream deals with it
  }
}

/** A sink on the process's stdout. */
function stdoutSink(): Sink {
  if (isFile(1)) return fileSink(1);
  let first: NodeJS.ErrnoException | undefined;
  const fail = (error: NodeJS.ErrnoException): CliError => {
    first ??= error;
    return first.code === 'EPIPE' ? new ReaderGone() : new CliError('output', `stdout: ${messageOf(first)}`);
  };
  process.stdout.on('error', fail);
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        process.stdout.write(chunk, (error) => (error ? reject(fail(error)) : resolve()));
      }),
  };
}

/** A sink on the process's stderr. Where that cannot be written there is nobody to tell: it goes on without. */
function stderrSink(): Sink {
  process.stderr.on('error', () => undefined);
  return {
    write: (chunk) =>
      new Promise((resolve) => {
        process.stderr.write(chunk, () => resolve());
      }),
  };
}

/** The longest delay that Node's own timer takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The real time. */
export const realClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      for (let left = ms; left > 0; left -= LONGEST_MS) {
        await sleep(Math.min(left, LONGEST_MS), undefined, signal === undefined ? {} : { signal });
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  },
};

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    // Without a byte-order mark, and not with replacement characters for what another encoding made.
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : messageOf(error);
    throw usageError(`${path} cannot be read: ${why}`);
  }
}

/** The ports of the real process. */
export function nodePorts(interrupted: AbortSignal): Ports {
  return {
    stdout: stdoutSink(),
    stderr: stderrSink(),
    stdin: process.stdin,
    env: process.env,
    clock: realClock,
    interrupted,
    readFile: readIfThere,
    connect: async (baseUrl, token) => (await import('./http/axios.ts')).axiosTransport(baseUrl, token),
  };
}
