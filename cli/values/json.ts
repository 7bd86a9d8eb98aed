import { floatText } from './python.ts';
import { Float, type Value, type ValueMap } from './value.ts';

const MAX_DEPTH = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const SPACE = /[ \t\n\r]*/y;

/**
 * Reads JSON without loss (RFC 8259 only: no NaN, no comments).
 * Throws a SyntaxError that tells the position; 1e400 is one, as no float holds it.
 */
export function parseJson(text: string): Value {
  let at = 0;

  function fail(what: string): never {
    throw new SyntaxError(`${what} at character ${at + 1} of the JSON`);
  }
  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  }
  function take(token: string): boolean {
    match(SPACE);
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  }
  function readString(): string {
    const found = match(STRING);
    if (found === null) fail('a string is expected');
    try {
      return JSON.parse(found[0]) as string;
    } catch {
      return fail('a string with a wrong escape ends');
    }
  }
  function readNumber(): Value {
    const found = match(NUMBER);
    if (found === null) fail(at >= text.length ? 'unexpected end' : 'unexpected character');
    if (found[1] === undefined && found[2] === undefined) return BigInt(found[0]);
    const value = Number(found[0]);
    if (!Number.isFinite(value)) fail(`${found[0]} is too large for a float`);
    return new Float(value);
  }
  function readObject(depth: number): ValueMap {
    const map: ValueMap = new Map();
    if (take('}')) return map;
    do {
      match(SPACE);
      const key = readString();
      if (!take(':')) fail("':' is expected");
      map.set(key, read(depth));
    } while (take(','));
    if (!take('}')) fail("',' or '}' is expected");
    return map;
  }
  function readArray(depth: number): Value[] {
    const list: Value[] = [];
    if (take(']')) return list;
    do list.push(read(depth));
    while (take(','));
    if (!take(']')) fail("',' or ']' is expected");
    return list;
  }
  function read(depth: number): Value {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    if (take('{')) return readObject(depth + 1);
    if (take('[')) return readArray(depth + 1);
    if (text[at] === '"') return readString();
    if (take('true')) return true;
    if (take('false')) return false;
    if (take('null')) return null;
    return readNumber();
  }

  const value = read(0);
  match(SPACE);
  if (at < text.length) fail('unexpected text');
  return value;
}

/** Writes JSON without loss. With an indent, as people read it; without, on one line. */
export function writeJson(value: Value, indent = 0, level = 0): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Float) return floatText(value.value);
  const [open, close, parts] = Array.isArray(value)
    ? (['[', ']', value.map((item) => writeJson(item, indent, level + 1))] as const)
    : ([
        '{',
        '}',
        [...value].map(
          ([key, item]) => `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${writeJson(item, indent, level + 1)}`,
        ),
      ] as const);
  if (parts.length === 0 || indent === 0) return `${open}${parts.join(',')}${close}`;
  const pad = '\n' + ' '.repeat(indent * (level + 1));
  return `${open}${pad}${parts.join(`,${pad}`)}\n${' '.repeat(indent * level)}${close}`;
}
