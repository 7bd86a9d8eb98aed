import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, usageError } from './errors.ts';
import type { Clock, Ports, Sink } from './ports.ts';

/** A sink on a stream of the process; a reader that has gone (`| head`) ends the process without a word. */
function sinkOf(stream: NodeJS.WriteStream, onGone: () => void): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') onGone();
    else throw error;
  });
  return {
    write: (chunk) =>
      new Promise((resolve) => {
        stream.write(chunk, () => resolve());
      }),
  };
}

/** The real time. */
export const realClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
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

/** The ports of the real process. `leave` ends it at once. */
export function nodePorts(leave: (code: number) => void, interrupted: AbortSignal): Ports {
  return {
    stdout: sinkOf(process.stdout, () => leave(0)),
    stderr: sinkOf(process.stderr, () => leave(0)),
    stdin: process.stdin,
    env: process.env,
    clock: realClock,
    interrupted,
    readFile: readIfThere,
    connect: async (baseUrl, token) => (await import('./http/axios.ts')).axiosTransport(baseUrl, token),
  };
}
