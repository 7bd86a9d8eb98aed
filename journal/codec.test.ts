import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Buffer } from 'node:buffer';
import { encodeEntry, encodeParts, LineDecoder } from './codec.ts';
import type { Item } from './codec.ts';
import { losslessStringify } from './lossless.ts';
import { anything, numbered } from './testing/arbitraries.ts';
import type { Entry, EventEntry } from './types.ts';

function decode(text: string | Buffer, sizes?: Iterator<number>): Item[] {
  const bytes = Buffer.from(text);
  const decoder = new LineDecoder();
  const items: Item[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + Number(sizes?.next().value ?? bytes.length);
    items.push(...decoder.push(bytes.subarray(start, end)));
    start = end;
  }
  return [...items, ...decoder.end()];
}

const entriesOf = (items: readonly Item[]): Entry[] => items.flatMap((item) => ('entry' in item ? [item.entry] : []));
const reasonsOf = (items: readonly Item[]): string[] => items.flatMap((item) => ('entry' in item ? [] : [item.reason]));

describe('LineDecoder', () => {
  test('reads back every entry, wherever the bytes are cut and whatever lies between the lines', () => {
    fc.assert(
      fc.property(
        fc.array(anything, { maxLength: 12 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 300 })),
        fc.constantFrom('', '\n', 'Traceback (most recent call last):\n', '{"n":1\n', '\u0000\u00ff\n'),
        (bodies, sizes, noise) => {
          const entries = numbered(bodies);
          const bytes = Buffer.concat(entries.flatMap((entry) => [Buffer.from(noise, 'latin1'), encodeEntry(entry)]));
          const items = decode(bytes, sizes);

          expect(entriesOf(items)).toEqual(entries);
          expect(reasonsOf(items)).toHaveLength(noise.length > 1 ? entries.length : 0);
        },
      ),
    );
  });

  test('never throws and never invents, whatever the bytes', () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((each) => Buffer.from(each)),
      fc.json().map((each) => Buffer.from(`${each}\n`)),
      fc
        .record({
          n: fc.anything(),
          t: fc.nat(),
          k: fc.constantFrom('out', 'event', 'end', 'part', 'answer'),
          s: fc.anything(),
          d: fc.string(),
        })
        .map((each) =>
          Buffer.from(`${JSON.stringify(each, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value))}\n`),
        ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        for (const entry of entriesOf(decode(Buffer.concat(lines)))) expect(entry.n).toBeGreaterThan(0);
      }),
    );
  });

  test('puts the parts of an entry together and gives them at once, with the last one’s number', () => {
    const entry: Entry = { n: 7, t: 3, k: 'event', topic: 'a', fields: { x: 'é'.repeat(50) } };
    const decoder = new LineDecoder();
    const lines = encodeParts(entry, 30)
      .toString()
      .split(/(?<=\n)/);

    const early = lines.slice(0, -1).flatMap((line) => decoder.push(Buffer.from(line)));
    const late = entriesOf(decoder.push(Buffer.from(lines.at(-1) ?? '')));

    expect(early).toEqual([]);
    expect(late.map(({ n, k }) => [n, k])).toEqual(
      lines.map((_, index) => [8 - lines.length + index, index < lines.length - 1 ? 'part' : 'event']),
    );
    expect(late.at(-1)).toEqual(entry);
  });

  test('begins again where parts are written again, and leaves out those without a beginning', () => {
    const entry: Entry = { n: 4, t: 3, k: 'event', topic: 'topic', fields: {} };
    const lines = encodeParts(entry, 20)
      .toString()
      .split(/(?<=\n)/)
      .filter((line) => line !== '');
    const tick = encodeEntry({ n: 1, t: 1, k: 'tick' }).toString();

    const items = decode(
      [lines[0], tick, ...lines.slice(1), 'noise\n', lines[0], 'noise\n', ...lines.slice(1), lines[1]].join(''),
    );

    expect(entriesOf(items).filter(({ k }) => k === 'event')).toEqual([entry]);
    expect(entriesOf(items)).toHaveLength(1 + lines.length);
  });

  test('keeps the numbers of events and results as they were written', () => {
    const fields = '{"a":1.0,"b":1180591620717411303424,"c":[-0,1e2]}';
    const [entry] = entriesOf(decode(`{"n":1,"t":2,"k":"event","topic":"x","fields":${fields}}\n`)) as [EventEntry];

    expect(losslessStringify(entry.fields)).toBe(fields);
    expect(encodeEntry(entry).toString()).toContain(`"fields":${fields}`);
  });

  test.each([
    ['a line above 16,384 bytes', `{"n":1,"t":1,"k":"tick","x":"${'y'.repeat(16_384)}"}\n`, 'too long'],
    ['an unfinished line', '{"n":1,"t":1,"k":"tick"}', 'unfinished'],
    ['text', 'Killed\n', 'no JSON object'],
    ['half an object', '{"n":1,"t":1\n', 'no JSON'],
    ['bytes that are no UTF-8', Buffer.from('7b226e223a312c2278223aff7d0a', 'hex'), 'no UTF-8'],
    [
      'deep nesting',
      `{"n":1,"t":1,"k":"event","topic":"","fields":{"a":${'['.repeat(8000)}${']'.repeat(8000)}}}\n`,
      'nested too deeply',
    ],
    ['no n', '{"t":1,"k":"tick"}\n', 'n is no integer from 1'],
    ['n of 0', '{"n":0,"t":1,"k":"tick"}\n', 'n is no integer from 1'],
    ['an unknown kind', '{"n":1,"t":1,"k":"tock"}\n', 'unknown kind'],
    [
      'an unknown state',
      '{"n":1,"t":1,"k":"state","state":"COMPLETE"}\n',
      'state is none of IDLE PREP_ENV LOADING INITIALISING READY RUNNING STOPPING',
    ],
    ['both d and b', '{"n":1,"t":1,"k":"out","s":"stdout","d":"","b":""}\n', 'out has not one of d and b'],
    ['base64 that is none', '{"n":1,"t":1,"k":"out","s":"stdout","b":"a-b"}\n', 'b is no base64'],
    ['half a surrogate pair', '{"n":1,"t":1,"k":"out","s":"stdout","d":"\\ud83d"}\n', 'd has half a surrogate pair'],
    ['a third stream', '{"n":1,"t":1,"k":"out","s":"stdin","d":""}\n', 's is none of stdout stderr'],
    ['a result of both', '{"n":1,"t":1,"k":"result","value":1,"repr":"1"}\n', 'result has not one of value and repr'],
    ['parts that make no entry', '{"n":1,"t":1,"k":"part","i":1,"of":1,"j":"[]"}\n', 'unknown kind'],
  ])('tells %s apart', (_, line, reason) => {
    expect(decode(line)).toEqual([{ diagnostic: expect.any(String), reason }]);
  });

  test('takes a line of exactly 16,384 bytes', () => {
    const frame = '{"n":1,"t":1,"k":"out","s":"stdout","d":""}\n'.length;
    const entries = entriesOf(
      decode(encodeEntry({ n: 1, t: 1, k: 'out', s: 'stdout', data: Buffer.alloc(16_384 - frame, 'x') })),
    );

    expect(entries).toHaveLength(1);
  });

  test('cuts a diagnostic', () => {
    const [item] = decode(`${'é'.repeat(3000)}\n`);

    expect(item).toEqual({ diagnostic: 'é'.repeat(1024), reason: 'no JSON object' });
  });
});
