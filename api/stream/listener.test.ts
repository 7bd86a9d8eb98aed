import { expect, it } from '@jest/globals';
import type { StreamEvent } from './event.ts';
import { eventStream } from './listener.ts';

const event = (n: number, size: number): StreamEvent => ({
  topic: 'user.n',
  procedure: undefined,
  fields: { n, text: 'x'.repeat(size) },
});

/** The pieces of a stream whose store has `count` rows of `size` characters, and its events' numbers. */
async function pieces(count: number, size: number): Promise<{ events: number[]; perPiece: number[] }> {
  const rows = Array.from({ length: count }, (_, index) => ({ row: index + 1, events: [event(index + 1, size)] }));
  const stop = new AbortController();
  const tail = {
    after: (row: number) => Promise.resolve({ rows: rows.slice(row), upTo: Math.max(row, count) }),
  };
  const watch = {
    wait: () => {
      stop.abort();
      return Promise.resolve();
    },
  };
  const options = { filter: { topics: [] }, base: 'http://h', clock: { now: () => 0 } };
  const texts: string[] = [];
  const stream = eventStream(tail as never, watch as never, { row: 0, part: Infinity }, options, stop.signal);
  for await (const text of stream) texts.push(text);
  return {
    events: [...texts.join('').matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n)),
    perPiece: texts.slice(1).map((text) => text.split('\ndata: ').length - 1),
  };
}

it.each([
  ['small events go out together', 200, 10, [200]],
  ['large ones one by one', 3, 20_000, [1, 1, 1]],
  ['and none is held back', 5, 5_000, [4, 1]],
] as const)('%s', async (_name, count, size, perPiece) => {
  const seen = await pieces(count, size);

  expect(seen.events).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(seen.perPiece).toEqual(perPiece);
});
