/** A number as JSON text, where JavaScript's own number would be written differently. JSON.stringify writes it as it is. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** In Node since 21; TypeScript's libraries do not have it yet. */
const json = JSON as typeof JSON & { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): boolean };

/** The number that `text` (a JSON number) says: a plain one if JavaScript writes it back the same, else a raw one. */
export function rawNumber(text: string): number | RawNumber {
  const value = Number(text);
  return String(value) === text ? value : json.rawJSON(text);
}

/** Whether a value is a number kept as text. */
export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

/** A number, raw or not, as JavaScript's (rounded if need be); undefined for everything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return isRawNumber(value) ? Number(value.rawJSON) : undefined;
}

/** A JSON object, and nothing else that JavaScript calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}
