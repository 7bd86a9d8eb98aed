import { floatText } from '../values/python.ts';
import { Float, type Value, type ValueMap } from '../values/value.ts';
import { Lexer, NotLiteral, NotSendable, type Token } from './lexer.ts';

const KEYWORDS = new Set(
  (
    'and as assert async await break class continue def del elif else except finally for from global if import in is ' +
    'lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);
const CONSTANTS = new Map<string, Value>([
  ['True', true],
  ['False', false],
  ['None', null],
]);
const MAX_DEPTH = 90;

/**
 * What the text means on upstream's command line: a Python literal where it is one, with bare words in brackets and
 * commas as strings (`[a,b]`, `{a: 1}`, `a,b`); otherwise the text itself.
 * Throws NotSendable for a literal without a form in JSON.
 */
export function readValue(text: string): Value {
  try {
    return parseLiteral(text);
  } catch (error) {
    if (error instanceof NotLiteral) return text;
    throw error;
  }
}

/** Reads a Python literal, bare words included. Throws NotLiteral or NotSendable. */
export function parseLiteral(text: string): Value {
  if (/^[ \t\f\n\r]/.test(text)) throw new NotLiteral('leading blanks');
  const lexer = new Lexer(text);
  const node = readTuple(lexer);
  if (lexer.next.kind !== 'end') throw new NotLiteral('more text than a literal');
  return node.make();
}

/**
 * A part that has been read. Its value is made after all is read: only of a text that is a literal as a whole is it a
 * fault that JSON cannot carry it.
 */
interface Node {
  readonly make: () => Value;
  /** The same with a minus before it; numbers have it, and what has a sign already has not. */
  readonly negated?: Node;
}

function readTuple(lexer: Lexer): Node {
  const first = readItem(lexer, 0);
  if (!lexer.takeIf(',')) return first;
  const items = [first];
  while (lexer.next.kind !== 'end') {
    items.push(readItem(lexer, 0));
    if (!lexer.takeIf(',')) break;
  }
  return listNode(items);
}

function listNode(items: readonly Node[]): Node {
  return { make: () => items.map((item) => item.make()) };
}

function readItem(lexer: Lexer, depth: number): Node {
  if (depth > MAX_DEPTH) throw new NotLiteral('too deep');
  const minus = lexer.takeIf('-');
  if (!minus && !lexer.takeIf('+')) return readAtom(lexer, depth);
  const atom = readAtom(lexer, depth);
  if (atom.negated === undefined) throw new NotLiteral('a sign before what is no number');
  const { make } = minus ? atom.negated : atom;
  return { make };
}

function floatNode(value: number, text: string): Node {
  function make(sign: 1 | -1): Value {
    if (!Number.isFinite(value)) throw new NotSendable(`${text} is too large for a float`);
    return new Float(sign * value);
  }
  return { make: () => make(1), negated: { make: () => make(-1) } };
}

function readAtom(lexer: Lexer, depth: number): Node {
  const token = lexer.take();
  switch (token.kind) {
    case 'int':
      return { make: () => token.value, negated: { make: () => -token.value } };
    case 'float':
      return floatNode(token.value, token.text);
    case 'unsendable': {
      const node = unsendable(token.what);
      return token.signable ? { make: node.make, negated: node } : node;
    }
    case 'string':
    case 'bytes':
      return readStrings(lexer, token);
    case 'name':
      return nameNode(token.text);
    case 'punctuation':
      if (token.text === '[') return listNode(readItems(lexer, ']', depth).items);
      if (token.text === '(') return parenthesised(lexer, depth);
      if (token.text === '{') return readBraces(lexer, depth);
      throw new NotLiteral(`unexpected ${token.text}`);
    case 'end':
      throw new NotLiteral('unexpected end');
  }
}

function unsendable(what: string): Node {
  return {
    make: () => {
      throw new NotSendable(`${what} has no form in JSON`);
    },
  };
}

function nameNode(name: string): Node {
  if (KEYWORDS.has(name)) throw new NotLiteral(`the keyword ${name}`);
  const constant = CONSTANTS.get(name);
  return { make: () => (constant === undefined ? name : constant) };
}

/** Strings that stand side by side are one. */
function readStrings(lexer: Lexer, first: Extract<Token, { kind: 'string' | 'bytes' }>): Node {
  let text = first.kind === 'string' ? first.value : '';
  while (lexer.next.kind === 'string' || lexer.next.kind === 'bytes') {
    const more = lexer.take();
    if (more.kind !== first.kind) throw new NotLiteral('bytes and text side by side');
    if (more.kind === 'string') text += more.value;
  }
  return first.kind === 'bytes' ? unsendable('a bytes literal') : { make: () => text };
}

function readItems(lexer: Lexer, close: string, depth: number): { items: Node[]; comma: boolean } {
  const items: Node[] = [];
  let comma = false;
  while (!lexer.takeIf(close)) {
    if (items.length > 0 && !comma) throw new NotLiteral(`',' or '${close}' is missing`);
    items.push(readItem(lexer, depth + 1));
    comma = lexer.takeIf(',');
  }
  return { items, comma };
}

function parenthesised(lexer: Lexer, depth: number): Node {
  const { items, comma } = readItems(lexer, ')', depth);
  const only = items[0];
  return items.length === 1 && only !== undefined && !comma ? only : listNode(items);
}

function readBraces(lexer: Lexer, depth: number): Node {
  const pairs: [Node, Node][] = [];
  if (lexer.takeIf('}')) return { make: () => new Map() };
  const first = readItem(lexer, depth + 1);
  if (!lexer.takeIf(':')) {
    if (lexer.takeIf(',')) readItems(lexer, '}', depth);
    else if (!lexer.takeIf('}')) throw new NotLiteral("'}' is missing");
    return unsendable('a set');
  }
  pairs.push([first, readItem(lexer, depth + 1)]);
  while (!lexer.takeIf('}')) {
    if (!lexer.takeIf(',')) throw new NotLiteral("',' or '}' is missing");
    if (lexer.takeIf('}')) break;
    const key = readItem(lexer, depth + 1);
    if (!lexer.takeIf(':')) throw new NotLiteral("':' is missing");
    pairs.push([key, readItem(lexer, depth + 1)]);
  }
  return {
    make: () => {
      // To a dict 1, 1.0 and True are one key: the first is kept, with the last value.
      const texts = new Map<Value, string>();
      const map: ValueMap = new Map();
      for (const [keyNode, valueNode] of pairs) {
        const key = keyNode.make();
        const text = texts.get(sameKey(key)) ?? keyText(key);
        texts.set(sameKey(key), text);
        map.set(text, valueNode.make());
      }
      return map;
    },
  };
}

/** A stand-in that is the same for keys that Python holds to be equal. */
function sameKey(key: Value): Value {
  if (typeof key === 'boolean') return key ? 1n : 0n;
  if (!(key instanceof Float)) return key;
  return Number.isInteger(key.value) ? BigInt(key.value) : floatText(key.value) + 'f';
}

/** A dict's key as Python's json module writes it. */
function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  if (key instanceof Float) return floatText(key.value);
  throw new NotSendable('a dict with a list or a dict as key has no form in JSON');
}
