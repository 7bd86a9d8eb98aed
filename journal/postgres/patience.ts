import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from './failures.ts';

/** Milliseconds between tries: the first, and the longest. */
const FIRST = 50;
const LONGEST = 2000;

export interface Patience {
  /** Milliseconds until the last try; Infinity is for ever. */
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each failure that is tried again. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** Tries again, with growing pauses, what fails because the database is away. Throws the last error, any other one at once, or the signal's reason. */
export async function patiently<T>(work: () => Promise<T>, { ms, signal, onFailure }: Patience): Promise<T> {
  const deadline = performance.now() + ms;
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const wait = pauseAfter(tries);
      if (!isPassing(error) || performance.now() + wait > deadline) throw error;
      onFailure?.(error);
      await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }
}

/** Milliseconds; not all clients of a database that comes back at the same moment. */
export function pauseAfter(tries: number): number {
  return Math.min(FIRST * 2 ** tries, LONGEST) * (0.75 + Math.random() / 2);
}
