import type { Buffer } from 'node:buffer';
import { losslessStringify } from '../lossless.ts';
import type { AppendResult, Entry, Note, RunIdentity, StreamName, Verdict } from '../types.ts';

/** An entry on its way to the writer's thread: `text` is its body as JSON, for `out` the stream, whose bytes lie one after another in `data`. */
type PackedEntry = readonly [n: number, t: number, k: Entry['k'], text: string, length: number];
export interface PackedNote {
  readonly key: string;
  readonly t: number;
  readonly k: Note['k'];
  readonly body: string;
}

export interface AppendOp {
  readonly op: 'append';
  readonly uid: string;
  readonly entries: readonly PackedEntry[];
  readonly notes: readonly PackedNote[];
  readonly data: Uint8Array;
}
export type Op =
  | AppendOp
  | { readonly op: 'open'; readonly run: Omit<RunIdentity, 'info'>; readonly info: string }
  | { readonly op: 'info'; readonly uid: string; readonly info: string }
  | { readonly op: 'finish'; readonly uid: string; readonly verdict: Verdict }
  | { readonly op: 'delete'; readonly uid: string }
  | { readonly op: 'key'; readonly namespace: string; readonly key: string; readonly uid: string; readonly t: number }
  | {
      readonly op: 'publish';
      readonly namespace: string;
      readonly t: number;
      readonly events: readonly (readonly [uid: string | null, body: string])[];
    }
  | { readonly op: 'prune'; readonly uids: readonly string[]; readonly eventsBefore: number };

/** What an operation gives: an AppendResult, a number, a uid, or nothing. */
export type Outcome = AppendResult | number | string | undefined;

/** Bytes of a commit. */
export const MAX_COMMIT = 512 * 1024;

/** Bytes that count for a commit. */
export function sizeOf(op: Op): number {
  // To delete a run's output takes long enough for a commit of its own.
  if (op.op === 'prune') return MAX_COMMIT;
  if (op.op !== 'append') return 1024;
  return (
    256 + op.data.length + op.entries.reduce((sum, [, , k, text]) => sum + (k === 'out' ? 64 : 64 + text.length), 0)
  );
}

/** The operations that store these entries, each of about a commit's size; the notes go with the last. */
export function packAppend(uid: string, entries: readonly Entry[], notes: readonly Note[]): AppendOp[] {
  const ops: AppendOp[] = [];
  let packed: PackedEntry[] = [];
  let pieces: Buffer[] = [];
  let bytes = 0;
  const finish = (last: readonly PackedNote[]): void => {
    // A buffer of its own, so that it can be transferred: a piece is often a view into something larger.
    const data = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let offset = 0;
    for (const piece of pieces) {
      data.set(piece, offset);
      offset += piece.length;
    }
    ops.push({ op: 'append', uid, entries: packed, notes: last, data });
    [packed, pieces, bytes] = [[], [], 0];
  };
  for (const entry of entries) {
    if (bytes >= MAX_COMMIT) finish([]);
    const each = packEntry(entry);
    packed.push(each);
    if (entry.k === 'out') pieces.push(entry.data);
    bytes += 64 + each[4];
  }
  finish(notes.map(({ key, t, k, body }) => ({ key, t: Math.round(t), k, body: losslessStringify(body) })));
  return ops;
}

function packEntry(entry: Entry): PackedEntry {
  switch (entry.k) {
    case 'out':
      return [entry.n, entry.t, 'out', entry.s satisfies StreamName, entry.data.length];
    case 'hello':
      return packRest(entry, { protocol: entry.v });
    case 'source': {
      const { sha256, commit } = entry;
      return packRest(entry, { source: { sha256, ...(commit !== undefined && { commit }) } });
    }
    case 'answer':
    case 'tick':
    case 'part':
      return [entry.n, entry.t, entry.k, '', 0];
    default: {
      const { n: _n, t: _t, k: _k, ...body } = entry;
      return packRest(entry, body);
    }
  }
}

function packRest({ n, t, k }: Entry, body: object): PackedEntry {
  const text = losslessStringify(body);
  return [n, t, k, text, text.length];
}
