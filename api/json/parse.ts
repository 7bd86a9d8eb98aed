import { rawNumber } from './raw.ts';

/** Arrays and objects may nest this deep; deeper text is refused as invalid. */
export const MAX_DEPTH = 200;

/** Why a text is no JSON, in the words and with the position that Python's json module gives (clients match on them). */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  /** Position in code points, from 0. */
  readonly position: number;

  constructor(message: string, text: string, index: number) {
    super(message);
    this.position = codePoints(text, index);
  }
}

/** A JSON text as values. Numbers that JavaScript would change (1.0, 2**70) are raw numbers, see raw.ts. */
export interface ParsedJson {
  readonly value: unknown;
  /** The very text of an array or object within `value`. */
  sourceOf(part: object): string | undefined;
}

/**
 * Strict JSON: no NaN, no Infinity. JSON.parse would do but for three things: its errors differ between engines, it
 * rounds numbers, and it reorders keys that look like numbers, so that only the source text tells what was sent.
 * Throws JsonError.
 */
export function parseJson(text: string): ParsedJson {
  const parser = new Parser(text);
  const value = parser.document();
  return { value, sourceOf: (part) => parser.sourceOf(part) };
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
/** Everything in a string that needs no look: no quote, no backslash, no control character. */
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX = /[0-9a-fA-F]{4}/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

class Parser {
  readonly #text: string;
  readonly #spans = new WeakMap<object, readonly [number, number]>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  sourceOf(part: object): string | undefined {
    const span = this.#spans.get(part);
    return span && this.#text.slice(span[0], span[1]);
  }

  document(): unknown {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('Extra data');
    return value;
  }

  #fail(message: string, index = this.#at): never {
    throw new JsonError(message, this.#text, index);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #value(): unknown {
    switch (this.#peek()) {
      case '"':
        return this.#string();
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      default:
        return this.#scalar();
    }
  }

  #nested<T extends object>(read: () => T): T {
    const start = this.#at;
    if (++this.#depth > MAX_DEPTH) this.#fail(`Nested deeper than ${MAX_DEPTH} levels`);
    this.#at++;
    const part = read();
    this.#depth--;
    this.#spans.set(part, [start, this.#at]);
    return part;
  }

  #scalar(): unknown {
    for (const [word, value] of LITERALS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) this.#fail('Expecting value');
    this.#at += match[0].length;
    return rawNumber(match[0]);
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#space();
    if (this.#peek() === '}') {
      this.#at++;
      return object;
    }
    for (;;) {
      if (this.#peek() !== '"') this.#fail('Expecting property name enclosed in double quotes');
      const key = this.#string();
      this.#space();
      if (this.#peek() !== ':') this.#fail("Expecting ':' delimiter");
      this.#at++;
      this.#space();
      // Not by assignment: a key may be called __proto__.
      Object.defineProperty(object, key, {
        value: this.#value(),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      if (this.#ends('}')) return object;
    }
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#space();
    if (this.#peek() === ']') {
      this.#at++;
      return array;
    }
    for (;;) {
      array.push(this.#value());
      if (this.#ends(']')) return array;
    }
  }

  /** After an element: the end, or a comma and what follows it. */
  #ends(close: string): boolean {
    this.#space();
    const next = this.#peek();
    if (next !== close && next !== ',') this.#fail("Expecting ',' delimiter");
    this.#at++;
    if (next === close) return true;
    this.#space();
    return false;
  }

  #string(): string {
    const text = this.#text;
    const begin = this.#at;
    let at = begin + 1;
    for (;;) {
      PLAIN.lastIndex = at;
      PLAIN.exec(text);
      at = PLAIN.lastIndex;
      const character = text.charAt(at);
      if (character === '"') break;
      if (character === '') this.#fail('Unterminated string starting at', begin);
      if (character !== '\\') this.#fail('Invalid control character at', at);
      at = this.#escape(at, begin);
    }
    this.#at = at + 1;
    return JSON.parse(text.slice(begin, at + 1)) as string;
  }

  /** Past the escape that begins at `at`. */
  #escape(at: number, begin: number): number {
    const kind = this.#text.charAt(at + 1);
    if (kind === '') this.#fail('Unterminated string starting at', begin);
    if (kind !== 'u') {
      if (!'"\\/bfnrt'.includes(kind)) this.#fail('Invalid \\escape', at);
      return at + 2;
    }
    HEX.lastIndex = at + 2;
    // Python wants a character behind the digits before it looks at them.
    if (at + 6 >= this.#text.length || !HEX.test(this.#text)) this.#fail('Invalid \\uXXXX escape', at + 1);
    return at + 6;
  }
}

function codePoints(text: string, index: number): number {
  let count = 0;
  for (let at = 0; at < index; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
