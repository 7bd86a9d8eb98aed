const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

/**
 * Parses JSON as a real server does: an integer that fits 64 bits is kept exactly, as a bigint where a number could not
 * hold it; every other number becomes a double. Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context: { source?: string }): unknown => {
    const { source } = context;
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
    if (!/^-?\d+$/.test(source)) return value;
    const exact = BigInt(source);
    return exact >= LEAST && exact <= MOST ? exact : value;
  };
  return (JSON.parse as (text: string, reviver: typeof revive) => unknown)(text, revive);
}

/** JSON text of a value that {@link parseJson} may have made. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // the rare object with a bigint; asking for one in each object would cost all the others
    if (!(error instanceof TypeError)) throw error;
    const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
    return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? rawJSON(String(each)) : each));
  }
}
