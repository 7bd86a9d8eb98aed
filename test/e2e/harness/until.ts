/** Nothing takes that long that ever comes, on a slow and busy machine with a fresh node either. It ends what hangs. */
const LONG_MS = 240_000;

/** Looks until it holds; throws with the name of what was waited for. Never a sleep of a fixed length. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { withinMs = LONG_MS, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`waited ${withinMs} ms for ${what}`);
}
