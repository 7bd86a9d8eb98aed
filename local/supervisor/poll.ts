import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until there is an answer; undefined after `withinMs`. */
export async function poll<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { everyMs, withinMs }: { everyMs: number; withinMs: number },
): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(everyMs);
  }
  return undefined;
}
