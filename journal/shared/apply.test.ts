import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Buffer, isUtf8 } from 'node:buffer';
import { applyAppend, MAX_ROW } from './apply.ts';
import type { NewRow } from './apply.ts';
import { packAppend } from './ops.ts';
import { newLive } from '../testing/live.ts';
import type { Entry, StreamName } from '../types.ts';

function apply(entries: readonly Entry[]): NewRow[] {
  const live = newLive();
  const lookup = { claimNote: () => true, storedSums: () => ({ stdout: '', stderr: '' }) };
  return packAppend('u', entries, []).flatMap((op) => applyAppend(live, op, lookup));
}

const out = (n: number, s: StreamName, data: Buffer): Entry => ({ n, t: n, k: 'out', s, data });
const texts = (rows: readonly NewRow[]): string[] =>
  rows.map((row) => ('s' in row ? `${row.s} ${Buffer.from(row.data).toString()}` : row.k));

describe('applyAppend', () => {
  test('joins consecutive output of one stream, past what leaves no row', () => {
    const rows = apply([
      out(1, 'stdout', Buffer.from('a')),
      { n: 2, t: 2, k: 'tick' },
      out(3, 'stdout', Buffer.from('b')),
      out(4, 'stderr', Buffer.from('c')),
      out(5, 'stdout', Buffer.from('d')),
      { n: 6, t: 6, k: 'state', state: 'READY' },
      out(7, 'stdout', Buffer.from('e')),
    ]);

    expect(texts(rows)).toEqual(['stdout ab', 'stderr c', 'stdout d', 'state', 'stdout e']);
    expect(rows[0]?.t).toBe(1);
  });

  test('leaves out of a batch what is there already, and keeps the rest in its order', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((text, index) => out(index + 1, 'stdout', Buffer.from(text))) as [
      Entry,
      Entry,
      Entry,
    ];

    expect(texts(apply([a, b, a, b, c, a]))).toEqual(['stdout abc']);
  });

  test('makes rows of at most 128 KiB that cut no character, and loses no byte', () => {
    const piece = fc.tuple(
      fc.constantFrom('x', 'é', '€', '🔭'),
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom<StreamName>('stdout', 'stderr'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const entries = pieces.map(([text, times, s], index) => out(index + 1, s, Buffer.from(text.repeat(times))));
        const rows = apply(entries) as Extract<NewRow, { s: StreamName }>[];

        for (const { data } of rows) expect(data.length <= MAX_ROW && isUtf8(data)).toBe(true);
        for (const s of ['stdout', 'stderr']) {
          const stored = Buffer.concat(rows.filter((row) => row.s === s).map(({ data }) => data));
          const written = Buffer.concat(
            entries.map((entry) => (entry.k === 'out' && entry.s === s ? entry.data : Buffer.alloc(0))),
          );
          expect(stored.equals(written)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('cuts bytes that are no text where it must', () => {
    const rows = apply([out(1, 'stdout', Buffer.alloc(MAX_ROW + 10, 0x80))]);

    expect(rows.map((row) => ('s' in row ? row.data.length : 0))).toEqual([MAX_ROW, 10]);
  });
});
