import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until there is an answer; undefined after `withinMs`, or when `signal` says that it is over. */
export async function poll<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { everyMs, withinMs, signal }: { everyMs: number; withinMs: number; signal?: AbortSignal },
): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && !signal?.aborted) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(everyMs);
  }
  return undefined;
}
