import { expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { encodeEntry, LineDecoder } from './codec.ts';
import { applyAppend } from './sqlite/apply.ts';
import { packAppend } from './sqlite/messages.ts';
import { newLive } from './testing/live.ts';
import type { Entry } from './types.ts';

const folder = new URL('golden/', import.meta.url);
const transcripts = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

test('the golden folder is here', () => {
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['frames.json', 'streams.json']));
});

for (const name of transcripts) {
  const bytes = readFileSync(new URL(name, folder));

  test(`${name} is read whole, wherever it is cut, and makes a complete run`, () => {
    for (const size of [1, 777, bytes.length]) {
      const entries = decode(bytes, size);
      const live = newLive();
      const lookup = { claimNote: () => true, storedSums: () => ({ stdout: '', stderr: '' }) };
      for (const op of packAppend('u', entries, [])) applyAppend(live, op, lookup);

      expect(entries.map(({ n }) => n)).toEqual(entries.map((_, index) => index + 1));
      expect(live.record).toMatchObject({ high: entries.length, complete: true });
    }
  });

  test(`${name} is written the same`, () => {
    const lines = bytes.toString().trimEnd().split('\n');
    for (const [index, entry] of decode(bytes, bytes.length).entries()) {
      const line = JSON.parse(lines[index] ?? '') as { k: string };
      if (entry.k !== 'part' && line.k !== 'part') expect(JSON.parse(encodeEntry(entry).toString())).toEqual(line);
    }
  });
}

function decode(bytes: Buffer, size: number): Entry[] {
  const decoder = new LineDecoder();
  const items = [];
  for (let start = 0; start < bytes.length; start += size)
    items.push(...decoder.push(Buffer.from(bytes.subarray(start, start + size))));
  expect(decoder.end()).toEqual([]);
  return items.map((item) => {
    if ('entry' in item) return item.entry;
    throw new Error(`${item.reason}: ${item.diagnostic}`);
  });
}
