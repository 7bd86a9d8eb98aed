/** Runs `f` with knobs turned where there are some; a real cluster does the like by itself. */
export async function withKnobs<K extends object, T>(
  knobs: K | undefined,
  values: Partial<K>,
  f: () => Promise<T>,
): Promise<T> {
  if (!knobs) return f();
  const before = { ...knobs };
  Object.assign(knobs, values);
  try {
    return await f();
  } finally {
    for (const key of Object.keys(values) as (keyof K)[]) knobs[key] = before[key];
  }
}
