import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
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
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
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
