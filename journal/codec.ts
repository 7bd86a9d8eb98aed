import { Buffer, isUtf8 } from 'node:buffer';
import { losslessStringify } from './lossless.ts';
import { LineSplitter } from './lines.ts';
import { integer, Malformed, toEntry } from './validate.ts';
import type { Fields } from './validate.ts';
import type { Entry, PartEntry } from './types.ts';

/** An entry, or a line that is none: `reason` says why, `diagnostic` is the text, cut at 1,024 characters. */
export type Item = { readonly entry: Entry } | { readonly diagnostic: string; readonly reason: string };

const MAX_DIAGNOSTIC = 1024;
/** Characters of the parts of one entry: the protocol's 1 MiB, with room for what the runner's cut leaves over. */
const MAX_PARTS_TEXT = 2 * 1024 * 1024;

interface Assembly {
  readonly of: number;
  readonly parts: PartEntry[];
  readonly texts: string[];
  length: number;
}

/**
 * Reads the journal from a container's output, one decoder per stream. It never throws: what is no entry is a diagnostic.
 * Parts are held back until their entry is whole and then come right before it, so that a store never acknowledges the
 * first half of an entry whose second half comes to another process.
 */
export class LineDecoder {
  readonly #lines = new LineSplitter();
  #assembly: Assembly | undefined;

  push(chunk: Buffer): Item[] {
    const items: Item[] = [];
    for (const { bytes, cut } of this.#lines.push(chunk)) this.#line(bytes, cut ? 'too long' : undefined, items);
    return items;
  }

  /** The stream ended (it may begin again: a new follow). What it left unfinished is a diagnostic. */
  end(): Item[] {
    this.#assembly = undefined;
    return this.#lines.end().map(({ bytes }) => diagnostic(bytes, 'unfinished'));
  }

  #line(bytes: Buffer, fault: string | undefined, items: Item[]): void {
    if (fault !== undefined || bytes[0] !== 0x7b) {
      items.push(diagnostic(bytes, fault ?? 'no JSON object'));
      return;
    }
    try {
      if (!isUtf8(bytes)) throw new Malformed('no UTF-8');
      const source = bytes.toString();
      const fields = JSON.parse(source) as Fields;
      const n = integer(fields.n, 'n', 1);
      const t = integer(fields.t, 't', 0);
      if (fields.k === 'part') {
        this.#part(fields, { n, t, k: 'part' }, items);
        return;
      }
      this.#assembly = undefined;
      items.push({ entry: toEntry(fields, n, t, source) });
    } catch (error) {
      items.push(diagnostic(bytes, reasonOf(error)));
    }
  }

  #part(fields: Fields, part: PartEntry, items: Item[]): void {
    const i = integer(fields.i, 'i', 1);
    const of = integer(fields.of, 'of', 1);
    const { j } = fields;
    if (typeof j !== 'string' || i > of) throw new Malformed('no part');
    if (i === 1) this.#assembly = { of, parts: [], texts: [], length: 0 };
    const assembly = this.#assembly;
    if (assembly?.of !== of || assembly.parts.length !== i - 1 || (i > 1 && assembly.parts.at(-1)?.n !== part.n - 1)) {
      // Its beginning is not in this stream: the hole in n has it replayed from there.
      this.#assembly = undefined;
      return;
    }
    assembly.parts.push(part);
    assembly.texts.push(j);
    assembly.length += j.length;
    if (assembly.length > MAX_PARTS_TEXT) {
      this.#assembly = undefined;
      throw new Malformed('parts too long');
    }
    if (i < of) return;

    this.#assembly = undefined;
    const source = assembly.texts.join('');
    const entry = toEntry(JSON.parse(source) as Fields, part.n, part.t, source);
    for (const each of assembly.parts.slice(0, -1)) items.push({ entry: each });
    items.push({ entry });
  }
}

function diagnostic(bytes: Buffer, reason: string): Item {
  return { diagnostic: bytes.toString('utf8', 0, MAX_DIAGNOSTIC * 4).slice(0, MAX_DIAGNOSTIC), reason };
}

function reasonOf(error: unknown): string {
  if (error instanceof Malformed) return error.message;
  if (error instanceof SyntaxError) return 'no JSON';
  if (error instanceof RangeError) return 'nested too deeply';
  return String(error);
}

/**
 * The line of an entry with its line feed, as a runner writes it. For tests and doubles; an entry longer than a line needs
 * `encodeParts`. `part` entries have no text of their own and are refused with TypeError.
 */
export function encodeEntry(entry: Entry): Buffer {
  const { n, t } = entry;
  return Buffer.from(`{"n":${n},"t":${t},${bodyText(entry).slice(1)}\n`);
}

/** The lines of an entry cut into parts of `size` characters; they end at `entry.n`, so its first is `entry.n - of + 1`. */
export function encodeParts(entry: Entry, size: number): Buffer {
  const text = bodyText(entry);
  const of = Math.ceil(text.length / size);
  const lines = Array.from({ length: of }, (_, index) =>
    JSON.stringify({
      n: entry.n - of + 1 + index,
      t: entry.t,
      k: 'part',
      i: index + 1,
      of,
      j: text.slice(index * size, (index + 1) * size),
    }),
  );
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

function bodyText(entry: Entry): string {
  if (entry.k === 'part') throw new TypeError('a part has no text of its own');
  if (entry.k === 'out') {
    const { data, s } = entry;
    const body = isUtf8(data) ? { d: data.toString() } : { b: data.toString('base64') };
    return JSON.stringify({ k: 'out', s, ...body });
  }
  const { n: _n, t: _t, ...body } = entry;
  return losslessStringify(body);
}
