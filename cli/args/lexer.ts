/** A text that is no Python literal; whoever reads a value then takes it for a string. */
export class NotLiteral extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'NotLiteral';
  }
}

/** A literal of Python that JSON cannot carry (a set, bytes, a complex number, a float beyond all size). */
export class NotSendable extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'NotSendable';
  }
}

/** A token of a Python literal. */
export type Token =
  | { readonly kind: 'punctuation'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'unsendable'; readonly what: string; readonly signable: boolean }
  | { readonly kind: 'end' };

const DIGITS = String.raw`\d(?:_?\d)*`;
const EXPONENT = String.raw`[eE][+-]?${DIGITS}`;
const FLOAT = new RegExp(
  String.raw`(?:(?:(?:${DIGITS})?\.${DIGITS}|${DIGITS}\.)(?:${EXPONENT})?|${DIGITS}${EXPONENT})`,
  'y',
);
const COMPLEX = new RegExp(String.raw`(?:(?:(?:${DIGITS})?\.${DIGITS}|${DIGITS}\.?)(?:${EXPONENT})?)[jJ]`, 'y');
const BASED = /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+/y;
const INTEGER = /[1-9](?:_?\d)*|0(?:_?0)*/y;
const NAME = /[_\p{XIDS}][\p{XIDC}]*/uy;
const STRING_START = /([rR]|[uU]|[bB][rR]?|[rR][bB])?("""|'''|"|')/y;
const SPACES = /[ \t\f\n]*/y;
const AFTER_NUMBER = /[\p{XIDC}.]/uy;
/** As many digits as Python 3.11 and later turn into an integer. */
const MAX_DIGITS = 4300;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const NAMED_CHARACTER = /^(?:[^\\]|\\[^N])*\\N\{/;
const ESCAPE = /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([xuUN])|([^]))/gu;

function unescape(text: string): string {
  return text.replace(
    ESCAPE,
    (whole, octal?: string, x?: string, u?: string, wide?: string, broken?: string, simple?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (broken !== undefined) throw new NotLiteral(`wrong escape ${whole}`);
      const hex = x ?? u ?? wide;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        if (code > 0x10ffff) throw new NotLiteral(`wrong escape ${whole}`);
        return String.fromCodePoint(code);
      }
      return SIMPLE_ESCAPES[simple ?? ''] ?? whole;
    },
  );
}

/** Cuts a text into the tokens that Python literals are made of. A `#` is no comment: it is in many a plain text. */
export class Lexer {
  readonly #text: string;
  #at = 0;
  /** How many brackets are open: only within them may a line end. */
  #open = 0;
  #token: Token;

  constructor(text: string) {
    this.#text = text.replace(/\r\n?/g, '\n');
    this.#token = this.#read();
  }

  /** The token that comes next. */
  get next(): Token {
    return this.#token;
  }

  /** Takes the next token. */
  take(): Token {
    const token = this.#token;
    this.#token = this.#read();
    return token;
  }

  /** Takes the next token if it is this punctuation. */
  takeIf(text: string): boolean {
    if (this.#token.kind !== 'punctuation' || this.#token.text !== text) return false;
    this.take();
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #read(): Token {
    const space = this.#match(SPACES);
    if (this.#at >= this.#text.length) return { kind: 'end' };
    if (this.#open === 0 && space?.[0].includes('\n') === true) throw new NotLiteral('more than one line');
    const string = this.#match(STRING_START);
    if (string !== undefined) return this.#readString((string[1] ?? '').toLowerCase(), string[2] ?? '');
    const number = this.#readNumber();
    if (number !== undefined) return number;
    const name = this.#match(NAME);
    if (name !== undefined) return { kind: 'name', text: name[0].normalize('NFKC') };
    if (this.#match(/\.\.\./y) !== undefined) return { kind: 'unsendable', what: 'an ellipsis', signable: false };
    const char = this.#text.charAt(this.#at);
    if (!'[](){},:+-'.includes(char)) throw new NotLiteral(`unexpected ${char}`);
    this.#at += 1;
    if ('[({'.includes(char)) this.#open += 1;
    else if ('])}'.includes(char)) this.#open -= 1;
    return { kind: 'punctuation', text: char };
  }

  #readNumber(): Token | undefined {
    const token = this.#readNumberToken();
    if (token === undefined) return undefined;
    AFTER_NUMBER.lastIndex = this.#at;
    if (AFTER_NUMBER.test(this.#text)) throw new NotLiteral('a number runs into something else');
    return token;
  }

  #readNumberToken(): Token | undefined {
    const complex = this.#match(COMPLEX);
    if (complex !== undefined) return { kind: 'unsendable', what: `the complex number ${complex[0]}`, signable: true };
    const float = this.#match(FLOAT);
    if (float !== undefined) return { kind: 'float', value: Number(float[0].replaceAll('_', '')), text: float[0] };
    const int = this.#match(BASED) ?? this.#match(INTEGER);
    if (int === undefined) return undefined;
    if (int[0].length > MAX_DIGITS) {
      return { kind: 'unsendable', what: `an integer of more than ${MAX_DIGITS} digits`, signable: true };
    }
    return { kind: 'int', value: BigInt(int[0].replaceAll('_', '')) };
  }

  #readString(prefix: string, quote: string): Token {
    const start = this.#at;
    for (;;) {
      const char = this.#text.charAt(this.#at);
      if (char === '' || (char === '\n' && quote.length === 1)) throw new NotLiteral('a string does not end');
      if (this.#text.startsWith(quote, this.#at)) break;
      this.#at += char === '\\' ? 2 : 1;
    }
    const body = this.#text.slice(start, this.#at);
    this.#at += quote.length;
    if (prefix.includes('b')) {
      if (/[^\p{ASCII}]/u.test(body)) throw new NotLiteral('bytes beyond ASCII');
      return { kind: 'bytes' };
    }
    if (prefix !== 'r' && NAMED_CHARACTER.test(body)) {
      return { kind: 'unsendable', what: 'a character by its name, \\N{…},', signable: false };
    }
    return { kind: 'string', value: prefix === 'r' ? body : unescape(body) };
  }
}
