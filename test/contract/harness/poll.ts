/** Nothing takes that long that ever comes, on a slow and busy machine with a fresh node either. It ends what hangs. */
export const LONG_SECONDS = 120;

/** Lets some time pass between two looks at a cluster. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks until `look` returns something other than undefined or false, then returns that. Throws after `seconds`, with
 * what was waited for.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { seconds = LONG_SECONDS, everyMs = 20 } = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(everyMs);
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}
