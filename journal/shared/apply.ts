import { EntryGap } from '../errors.ts';
import { losslessParse, losslessStringify } from '../lossless.ts';
import type { EndEntry, StreamName, Verdict } from '../types.ts';
import type { AppendOp, PackedNote } from './ops.ts';
import { isTerminal } from './record.ts';
import type { Live, RunRecord } from './record.ts';

/** A row to be stored, in order. */
export type NewRow =
  | { readonly t: number; readonly k: string; readonly body: string }
  | { readonly t: number; readonly s: StreamName; readonly gap: number | null; readonly data: Uint8Array };

/** Bytes of a row of output. */
export const MAX_ROW = 128 * 1024;

/** What the transaction asks the database for while it applies. */
export interface Lookup {
  /** Remembers a note's key; false if it was there. */
  claimNote(key: string): boolean;
  /** SHA-256 of what is stored of the two streams, for a run whose output began before this process. */
  storedSums(pending: readonly NewRow[]): { readonly stdout: string; readonly stderr: string };
}

/**
 * Takes entries and notes into a run: changes its record and gives the rows to be stored. Entries that are there already are dropped.
 * Throws EntryGap before it changes anything.
 */
export function applyAppend(live: Live, op: AppendOp, lookup: Lookup): NewRow[] {
  refuseGap(live, op);
  const output = new OutputJoiner(live);
  let offset = 0;
  for (const [n, t, k, text, length] of op.entries) {
    const start = offset;
    if (k === 'out') offset += length;
    if (n <= live.seen) continue;
    live.seen = n;
    if (k === 'part') continue;
    live.record.high = n;
    switch (k) {
      case 'out':
        output.add(t, text as StreamName, op.data.subarray(start, offset));
        break;
      case 'gap': {
        const { s, bytes } = JSON.parse(text) as { s: StreamName; bytes: number };
        output.row({ t, s, gap: bytes, data: new Uint8Array(0) });
        break;
      }
      case 'hello':
      case 'source':
        applyInfo(live.record, text);
        break;
      case 'answer':
      case 'tick':
        break;
      case 'end':
        output.row({ t, k, body: text });
        live.record.end = text;
        live.record.complete = isComplete(live, n, JSON.parse(text) as EndEntry, () => lookup.storedSums(output.rows));
        break;
      default:
        if (!changesState(live.record, k, t, text)) break;
        output.row({ t, k, body: text });
        summarise(live.record, k, text);
    }
  }
  for (const note of op.notes) {
    if (lookup.claimNote(note.key)) applyNote(live.record, note, output);
  }
  return output.rows;
}

/** The terminal state's row, or nothing if the run has a verdict that stands. */
export function applyVerdict(record: RunRecord, verdict: Verdict): NewRow[] {
  const { t, ...body } = verdict;
  if (isOver(record) && (record.state === verdict.state || isTerminal(record.state))) return [];
  record.finished = t;
  record.verdict = JSON.stringify(verdict);
  record.state = verdict.state;
  record.history.push([verdict.state, t]);
  return [{ t, k: 'state', body: JSON.stringify(body) }];
}

function refuseGap(live: Live, op: AppendOp): void {
  let seen = live.seen;
  for (const [n] of op.entries) {
    if (n > seen + 1) throw new EntryGap(live.record.uid, seen + 1, n);
    seen = Math.max(seen, n);
  }
}

function applyNote(record: RunRecord, note: PackedNote, output: OutputJoiner): void {
  const { k, t, body } = note;
  if (!changesState(record, k, t, body)) return;
  output.row({ t, k, body });
  if (k === 'error') record.failure ??= body;
}

/**
 * Takes a state into the history. False if it is none that changes anything: the state it is in already (runner and operator
 * may both tell STOPPING), or any after the verdict.
 */
function changesState(record: RunRecord, k: string, t: number, body: string): boolean {
  if (k !== 'state') return true;
  const { state } = JSON.parse(body) as { state: string };
  if (isOver(record) || state === record.state) return false;
  record.state = state;
  record.history.push([state, t]);
  return true;
}

function isOver(record: RunRecord): boolean {
  return record.finished !== null;
}

/** Merges JSON text into `info`; numbers keep what JavaScript's cannot hold. */
export function applyInfo(record: RunRecord, more: string): void {
  record.info = losslessStringify({ ...(losslessParse(record.info) as object), ...(losslessParse(more) as object) });
}

function summarise(record: RunRecord, k: string, body: string): void {
  if (k === 'error') record.failure ??= body;
  else if (k === 'result') record.result = body;
  else if (k === 'progress') record.progress = body;
}

function isComplete(live: Live, n: number, end: EndEntry, stored: () => { stdout: string; stderr: string }): boolean {
  const { record, hashes } = live;
  if (end.entries !== n || end.kept.stdout !== record.stdout || end.kept.stderr !== record.stderr) return false;
  const sums =
    hashes === null
      ? stored()
      : { stdout: hashes.stdout.copy().digest('hex'), stderr: hashes.stderr.copy().digest('hex') };
  return sums.stdout === end.sha256.stdout && sums.stderr === end.sha256.stderr;
}

/** Joins consecutive output of one stream into rows of at most `MAX_ROW` bytes. */
class OutputJoiner {
  readonly #rows: NewRow[] = [];
  readonly #live: Live;
  #t = 0;
  #s: StreamName = 'stdout';
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(live: Live) {
    this.#live = live;
  }

  /** All rows so far, in order. */
  get rows(): NewRow[] {
    this.#flush();
    return this.#rows;
  }

  row(row: NewRow): void {
    this.#flush();
    this.#rows.push(row);
  }

  add(t: number, s: StreamName, data: Uint8Array): void {
    if (data.length === 0) return;
    this.#live.record[s] += data.length;
    if (this.#length > 0 && (s !== this.#s || this.#length + data.length > MAX_ROW)) this.#flush();
    if (this.#length === 0) [this.#t, this.#s] = [t, s];
    this.#pieces.push(data);
    this.#length += data.length;
    if (this.#length > MAX_ROW) this.#flush();
  }

  #flush(): void {
    if (this.#length === 0) return;
    // Neighbours in the operation's buffer are one view already.
    const [first, last] = [this.#pieces[0], this.#pieces.at(-1)];
    if (first === undefined || last === undefined) return;
    const span = last.byteOffset + last.length - first.byteOffset;
    const joined =
      span === this.#length ? new Uint8Array(first.buffer, first.byteOffset, span) : concat(this.#pieces, this.#length);
    this.#live.hashes?.[this.#s].update(joined);
    for (let start = 0; start < joined.length;) {
      const end = cutAt(joined, start + MAX_ROW);
      this.#rows.push({ t: this.#t, s: this.#s, gap: null, data: joined.subarray(start, end) });
      start = end;
    }
    this.#pieces = [];
    this.#length = 0;
  }
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** The end of a row at most here: not within a UTF-8 sequence, where the bytes are UTF-8. */
function cutAt(data: Uint8Array, end: number): number {
  if (end >= data.length) return data.length;
  let cut = end;
  while (cut > end - 4 && ((data[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return ((data[cut] ?? 0) & 0xc0) === 0x80 ? end : cut;
}
