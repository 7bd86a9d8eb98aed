/** A number that a JavaScript number would change (`1.0`, 2**70, -0): its JSON text, which `JSON.stringify` writes as it is. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** What Node 24 has and TypeScript's library does not know yet (TC39 "JSON.parse source text access"). */
interface SourceTextJSON {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

/**
 * A number that JavaScript may change: one with a fraction or an exponent, -0, or from about 2**53 on. What looks like one within a text
 * costs time and nothing else: a reviver makes parsing ten times slower.
 */
const MAYBE_CHANGED = /(?:^|[[:,])\s*(?:-0|-?\d+[.eE]|-?9\d{15}|-?\d{17})/;

const json = JSON as unknown as SourceTextJSON;

/**
 * `JSON.parse` that keeps every number: those that `String` would write differently become `RawNumber`s.
 * Throws SyntaxError, and RangeError where the nesting is thousands deep.
 */
export function losslessParse(text: string): unknown {
  if (!MAYBE_CHANGED.test(text) && !isNested(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  );
}

/** Whether it has so many brackets that its nesting may be what the reviver would refuse: JSON.parse alone takes any, for others to stumble over. */
function isNested(text: string): boolean {
  let count = 0;
  for (const bracket of '[{')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > 1_000) return true;
  return false;
}

/** The JSON text of a value, with raw numbers as they came. Throws TypeError for what JSON has no text for. */
export function losslessStringify(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`no JSON text for a value of type ${typeof value}`);
  return text;
}

/** Whether a value of `losslessParse` is a number kept as text. It loses this mark in `structuredClone`. */
export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}
