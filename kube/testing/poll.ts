/** Looks until `look` returns something other than undefined or false, then returns that; throws after `withinMs` of real time. */
export async function poll<T>(what: string, look: () => T | undefined | false, withinMs = 60_000): Promise<T> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`waited ${withinMs} ms for ${what}`);
}

/** Lets everything run that is ready: promises, and what came in over sockets meanwhile. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
