import { expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { encodeEntry, LineDecoder } from './codec.ts';
import { applyAppend } from './shared/apply.ts';
import { packAppend } from './shared/ops.ts';
import { newLive } from './testing/live.ts';
import type { Entry } from './types.ts';

const folder = new URL('golden/', import.meta.url);
/** Of this protocol version, and of the one before: `v1/`. */
const transcripts = ['', 'v1/'].flatMap((version) =>
  readdirSync(new URL(version, folder))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => version + name),
);

test('the golden folder is here', () => {
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['frames.json', 'streams.json', 'v1']));
});

test('the previous version is as it was', () => {
  const v1 = new URL('v1/', folder);
  const sums = readFileSync(new URL('SHA256SUMS', v1), 'utf8').trimEnd().split('\n');
  const names = sums.map((line) => {
    const [digest, name = ''] = line.split(/\s+/);
    const bytes = readFileSync(new URL(name, v1));
    expect([name, createHash('sha256').update(bytes).digest('hex')]).toEqual([name, digest]);
    return name;
  });
  expect(names).toEqual(expect.arrayContaining(['bootstrap.py', 'runner.py']));
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
      expect(JSON.parse(live.record.info)).toEqual(
        name.startsWith('v1/')
          ? { protocol: 1 }
          : { protocol: 2, source: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      );
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
