import { Buffer } from 'node:buffer';
import { endOf } from './arbitraries.ts';
import { losslessStringify } from '../lossless.ts';
import type { Entry, JournalReader, Row, RunIdentity } from '../types.ts';

/** A run of its own for a test. */
export function identity(uid: string, id: number, namespace = 'conformance'): RunIdentity {
  return { uid, namespace, name: `procedure-${id}`, id, created: 1_000_000 + id, info: { script: { inline: '' } } };
}

/** The same entries for the same arguments, in every process: output of both streams in pieces of very different sizes, events, states. */
export function transcript(uid: string, total: number): Entry[] {
  const entries: Entry[] = [];
  for (let n = 1; n < total; n++) entries.push(entryAt(uid, n));
  return [...entries, endOf(entries)];
}

function entryAt(uid: string, n: number): Entry {
  const t = 2_000_000 + n;
  if (n === 1) return { n, t, k: 'hello', v: 1, nonce: '0'.repeat(32), python: '3.11.2', undumpable: true, pid: 1 };
  if (n % 23 === 0) return { n, t, k: 'tick' };
  if (n % 17 === 0) return { n, t, k: 'event', topic: 'user.script.announce', fields: { msg: `${uid} ${n}` } };
  if (n % 29 === 0) return { n, t, k: 'state', state: n % 2 === 0 ? 'IDLE' : 'LOADING' };
  if (n % 31 === 0) return { n, t, k: 'gap', s: 'stdout', bytes: n };
  const line = `${uid} ${n} ${'.'.repeat((n * 7919) % (n % 11 === 0 ? 12_000 : 90))}\n`;
  return { n, t, k: 'out', s: n % 5 === 0 ? 'stderr' : 'stdout', data: Buffer.from(line) };
}

/** What a reader sees of a run, whatever the commits were: consecutive output of a stream in one piece, the rest as JSON text. */
export function seenOf(rows: readonly Row[]): string[] {
  return joined(
    rows.map(({ k, body }) => {
      if (k !== 'out') return { s: undefined, text: `${k} ${losslessStringify(body)}` };
      const data = typeof body.b === 'string' ? Buffer.from(body.b, 'base64') : Buffer.from(String(body.d));
      return { s: String(body.s), text: data.toString('latin1') };
    }),
  );
}

/** What a reader must see of a run once these entries are stored: the same form as `seenOf`, the state CREATING first. */
export function expectedOf(entries: readonly Entry[]): string[] {
  let state = 'CREATING';
  const pieces: { s: string | undefined; text: string }[] = [{ s: undefined, text: 'state {"state":"CREATING"}' }];
  for (const entry of entries) {
    if (entry.k === 'hello' || entry.k === 'answer' || entry.k === 'tick' || entry.k === 'part' || entry.k === 'source')
      continue;
    if (entry.k === 'state') {
      if (entry.state === state) continue;
      state = entry.state;
    }
    if (entry.k === 'out') {
      pieces.push({ s: entry.s, text: entry.data.toString('latin1') });
    } else {
      const { n: _n, t: _t, k, ...body } = entry;
      pieces.push({ s: undefined, text: `${k} ${losslessStringify(body)}` });
    }
  }
  return joined(pieces);
}

function joined(pieces: readonly { readonly s: string | undefined; readonly text: string }[]): string[] {
  const seen: string[] = [];
  let last: string | undefined;
  let texts: string[] = [];
  const finish = (): void => {
    if (texts.length > 0) seen.push(`${String(last)}: ${texts.join('')}`);
    texts = [];
  };
  for (const { s, text } of pieces) {
    if (text === '') continue;
    if (s === undefined || s !== last) finish();
    last = s;
    texts.push(text);
  }
  finish();
  return seen;
}

/** All rows after `after`, page by page. */
export async function allRows(
  store: JournalReader,
  options: {
    readonly uid?: string;
    readonly namespace?: string;
    readonly after?: number;
    readonly limit?: number;
  } = {},
): Promise<Row[]> {
  const { after = 0, limit = 500, ...filter } = options;
  const rows: Row[] = [];
  for (let cursor = after; ;) {
    const page = await store.rows(cursor, { ...filter, limit, output: true });
    const last = page.at(-1);
    if (last === undefined) return rows;
    rows.push(...page);
    cursor = last.id;
  }
}

/** All output of a run, page by page. */
export async function allOutput(
  store: JournalReader,
  uid: string,
  stream?: 'stdout' | 'stderr',
  maxBytes = 200_000,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let cursor = 0; ;) {
    const page = await store.output(uid, cursor, stream === undefined ? { maxBytes } : { maxBytes, stream });
    const last = page.at(-1);
    if (last === undefined) return Buffer.concat(pieces);
    pieces.push(...page.map(({ data }) => data));
    cursor = last.id;
  }
}
