import { expect, test } from '@jest/globals';
import { CliError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { Client } from './client.ts';
import { openEvents } from './events.ts';
import type { Request, Transport } from './transport.ts';

type Body = (signal: AbortSignal) => AsyncIterable<string>;

/** A transport whose streams are these bodies, one after the other, and the requests that it got. */
function scripted(...bodies: readonly (Body | number)[]): { transport: Transport; requests: Request[] } {
  const requests: Request[] = [];
  async function* encode(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
    for await (const text of texts) yield new TextEncoder().encode(text);
  }
  const transport: Transport = {
    baseUrl: 'http://oet.test',
    request: () => Promise.reject(new Error('not asked for')),
    stream: (request) => {
      const body = bodies[requests.length];
      requests.push(request);
      const rest = { type: 'text/event-stream; charset=utf-8', cancel: () => undefined };
      if (typeof body === 'number') return Promise.resolve({ ...rest, status: body, body: encode(texts()) });
      if (body === undefined) return Promise.reject(new CliError('unreachable', 'no more'));
      const { signal = new AbortController().signal } = request;
      return Promise.resolve({ ...rest, status: 200, body: encode(body(signal)) });
    },
  };
  return { transport, requests };
}

async function* texts(...parts: readonly string[]): AsyncGenerator<string> {
  for (const part of parts) yield await Promise.resolve(part);
}

async function* cutAfter(...parts: readonly string[]): AsyncGenerator<string> {
  yield* texts(...parts);
  throw new Error('reset');
}

/** Time that passes at once, and what was slept. */
function hastyClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
}

async function collect(transport: Transport, clock: Clock, count: number): Promise<{ data: string[]; cuts: string[] }> {
  const quit = new AbortController();
  const cuts: string[] = [];
  const stream = await openEvents(new Client(transport), clock, quit.signal, (reason) => {
    cuts.push(reason);
    return Promise.resolve();
  });
  const data: string[] = [];
  for await (const item of stream.data) {
    data.push(item);
    if (data.length === count) break;
  }
  quit.abort();
  return { data, cuts };
}

function lastIds(requests: readonly Request[]): (string | undefined)[] {
  return requests.map(({ headers }) => headers?.['Last-Event-ID']);
}

test('goes on after the last event that was whole', async () => {
  const { transport, requests } = scripted(
    () => cutAfter('id: 1\nda', 'ta: a\n\nid: 2\ndata: b\n\nid: 3\ndata: ha'),
    () => texts('id: 3\ndata: c\n\n'),
    () => texts(': heartbeat\n\ndata: d\n\n'),
  );

  const { data, cuts } = await collect(transport, hastyClock(), 4);

  expect(data).toEqual(['a', 'b', 'c', 'd']);
  expect(lastIds(requests)).toEqual([undefined, '2', '3']);
  expect(cuts).toEqual(['reset', 'the server ended the stream']);
});

test('an id without data counts, so that nothing is lost before the first event', async () => {
  const { transport, requests } = scripted(
    () => cutAfter('retry: 1000\nid: 41\n\n'),
    () => texts('id: 42\ndata: x\n\n'),
  );
  expect((await collect(transport, hastyClock(), 1)).data).toEqual(['x']);
  expect(lastIds(requests)).toEqual([undefined, '41']);
});

test('waits longer and longer for a server that is away, and from the start again once it is back', async () => {
  const clock = hastyClock();
  const { transport } = scripted(
    () => cutAfter('data: a\n\n'),
    503,
    503,
    503,
    () => cutAfter('data: b\n\n'),
    () => texts('data: c\n\n'),
  );
  expect((await collect(transport, clock, 3)).data).toEqual(['a', 'b', 'c']);
  expect(clock.slept).toEqual([100, 200, 400, 800, 100]);
});

test('what no reconnecting mends ends it', async () => {
  const { transport } = scripted(() => cutAfter('data: a\n\n'), 403);
  await expect(collect(transport, hastyClock(), 2)).rejects.toMatchObject({ exit: 'refused' });
});

test('a heartbeat that stays away cuts the connection; a server that never had one may be silent', async () => {
  const waits: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (ms < 60_000) resolve();
        else waits.push(resolve);
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  async function* silentAfter(signal: AbortSignal, ...parts: readonly string[]): AsyncGenerator<string> {
    yield* texts(...parts);
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      // Nobody watches a server without heartbeats; the watch on one with them is over when its time is.
      queueMicrotask(() => waits.at(-1)?.());
    });
  }
  const { transport } = scripted(
    (signal) => silentAfter(signal, 'data: a\n\n', ': heartbeat\n\n'),
    () => texts('data: b\n\n'),
  );
  const { data, cuts } = await collect(transport, clock, 2);
  expect(data).toEqual(['a', 'b']);
  expect(cuts).toEqual(['no heartbeat']);
  expect(waits).toHaveLength(1);
});
