import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { call, HELLO, StreamClient, until } from '../testing/client.ts';
import type { SeenEvent } from '../testing/client.ts';
import { FakeRun, openStorage, startHarness } from '../testing/harness.ts';
import type { Harness, Storage } from '../testing/harness.ts';

let storage: Storage;
let harness: Harness;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());
const clients: StreamClient[] = [];
beforeEach(async () => {
  harness = await startHarness({ storage });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await harness.close();
});

async function listen(query = '', headers: Record<string, string> = {}): Promise<StreamClient> {
  const client = await StreamClient.open(harness, query, headers);
  clients.push(client);
  return client;
}

async function created(): Promise<FakeRun> {
  const { body } = await call(harness, 'POST', '/procedures', HELLO);
  return new FakeRun(harness.store, harness.catalogue.get(body.id)!);
}

const brief = ({ topic, data }: SeenEvent): string =>
  data.new_state === undefined ? topic : `${topic} ${data.new_state}`;

describe('GET /stream', () => {
  it('has its headers at once', async () => {
    const { response } = await listen();

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('x-accel-buffering')).toBe('no');
  });

  it('tells a run in order', async () => {
    const client = await listen();
    const run = await (await created()).ready();
    await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING', script_args: { main: { kwargs: { n: 1 } } } });
    await harness.app.flushed();
    await run.run('{"args":[],"kwargs":{"n":1}}');
    await run.append({
      k: 'event',
      topic: 'user.script.announce',
      fields: { msg: 'hi', x: 1.5, topic: 'no' },
    } as never);
    await run.append({
      k: 'error',
      phase: 'main',
      type: 'ValueError',
      message: 'no',
      stackTrace: 'Traceback',
      frames: [],
      causes: [],
    } as never);
    await run.finish('FAILED');
    await client.next(({ topic }) => topic === 'procedure.lifecycle.failed');

    const seen = client.events.filter(({ topic }) => !topic.includes('.list'));
    expect(seen.map(brief)).toEqual([
      'request.procedure.create',
      'procedure.lifecycle.statechange CREATING',
      'procedure.lifecycle.statechange IDLE',
      'procedure.lifecycle.statechange LOADING',
      'procedure.lifecycle.statechange IDLE',
      'procedure.lifecycle.created',
      'procedure.lifecycle.statechange INITIALISING',
      'procedure.lifecycle.started',
      'procedure.lifecycle.statechange READY',
      'request.procedure.start',
      'procedure.lifecycle.statechange RUNNING',
      'procedure.lifecycle.started',
      'user.script.announce',
      'procedure.lifecycle.statechange FAILED',
      'procedure.lifecycle.stacktrace',
      'procedure.lifecycle.failed',
    ]);
    const [create] = seen;
    expect(create!.data).toEqual({
      topic: 'request.procedure.create',
      msg_src: 'FastAPIWorker',
      cmd: { script: HELLO.script, init_args: { args: [], kwargs: { subarray_id: 1 } } },
    });
    expect(seen.find(({ topic }) => topic === 'request.procedure.start')!.data.cmd).toEqual({
      process_uid: 1,
      fn_name: 'main',
      run_args: { args: [], kwargs: { n: 1 } },
      force_start: false,
    });
    expect(seen.find(({ topic }) => topic === 'user.script.announce')!.data).toEqual({
      topic: 'user.script.announce',
      msg_src: '1',
      msg: 'hi',
      x: 1.5,
    });
    const sources = (beginning: string): unknown[] => [
      ...new Set(seen.filter(({ topic }) => topic.startsWith(beginning)).map(({ data }) => data.msg_src as unknown)),
    ];
    expect(sources('procedure.lifecycle.sta')).toEqual(['1', 'SESWorker']);
    expect(sources('procedure.lifecycle.stack')).toEqual(['1']);
    for (const end of ['created', 'started', 'failed']) {
      expect(sources(`procedure.lifecycle.${end}`)).toEqual(['SESWorker']);
    }
    const loaded = seen.find(({ topic }) => topic === 'procedure.lifecycle.created')!.data.result;
    expect(loaded).toMatchObject({ id: 1, uri: `${harness.base}/procedures/1`, state: 'IDLE', script: HELLO.script });
    expect(loaded.script_args).toEqual({ init: { args: [], kwargs: { subarray_id: 1 } } });
    expect(seen.at(-1)!.data.result).toMatchObject({
      state: 'FAILED',
      history: { stacktrace: 'Traceback' },
      script_args: { main: { args: [], kwargs: { n: 1 } } },
    });
    expect(new Set(client.events.map(({ id }) => id)).size).toBe(client.events.length);
  });

  it('shows the script as the client named it', async () => {
    const client = await listen('?topics=procedure.lifecycle');
    await call(harness, 'POST', '/procedures', {
      script: { script_type: 'inline', script_uri: 'inline://mine.py', content: 'x' },
    });
    await new FakeRun(harness.store, harness.catalogue.get(1)!).ready();

    const { data } = await client.next(({ topic }) => topic === 'procedure.lifecycle.created');
    expect(data.result.script).toEqual({ script_type: 'inline', script_uri: 'inline://mine.py' });
  });

  it('announces reads to those who listen', async () => {
    await created();
    const client = await listen('?topics=request.procedure.list,procedure.pool');

    await call(harness, 'GET', '/procedures');
    await call(harness, 'GET', '/procedures/1');

    await until(() => (client.events.length === 4 ? true : undefined));
    expect(client.topics()).toEqual([
      'request.procedure.list',
      'procedure.pool.list',
      'request.procedure.list',
      'procedure.pool.list',
    ]);
    expect(client.events.map(({ data }) => data.pids ?? data.result?.length ?? null)).toEqual([null, 1, [1], 1]);
    expect(client.events[1]!.data).toMatchObject({
      msg_src: 'SESWorker',
      result: [{ uri: `${harness.base}/procedures/1` }],
    });
  });

  it('filters by procedure and topic', async () => {
    const client = await listen('?topics=procedure.lifecycle.statechange&procedure=2');
    const runs = [await created(), await created()];
    for (const run of runs) await run.ready();

    await client.next(({ data }) => data.new_state === 'READY');
    expect(new Set(client.events.map(({ data }) => data.msg_src))).toEqual(new Set(['2']));
    expect(client.events).toHaveLength(6);
  });

  it.each([
    ['Last-Event-ID', (id: string) => ['', { 'Last-Event-ID': id }] as const],
    ['last_event_id', (id: string) => [`?last_event_id=${id}`, {}] as const],
  ])('resumes after any event by %s, without loss or repeat', async (_name, ask) => {
    const first = await listen('?topics=procedure.lifecycle');
    const run = await (await created()).ready();
    await run.run();
    await run.states('READY');
    await run.finish('COMPLETE');
    await first.next(({ topic }) => topic === 'procedure.lifecycle.complete');
    const ids = first.events.map(({ id }) => id);

    for (const [index, id] of ids.entries()) {
      const [query, headers] = ask(id);
      const client = await listen(`${query}${query ? '&' : '?'}topics=procedure.lifecycle`, headers);
      await until(() => (client.events.length >= ids.length - index - 1 ? true : undefined));
      expect(client.events.map((event) => event.id)).toEqual(ids.slice(index + 1));
      expect(client.events).toEqual(first.events.slice(index + 1));
    }
  });

  it('gives clients that come and go everything once, whatever the moment', async () => {
    const run = await (await created()).open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), async (cuts) => {
        let last = String(await harness.store.lastId());
        const total = cuts.reduce((a, b) => a + b, 0);
        const publishing = (async () => {
          for (let i = 0; i < total; i++) await run.append({ k: 'event', topic: 'user.n', fields: { i } } as never);
        })();
        const seen: number[] = [];
        for (const cut of cuts) {
          const client = await StreamClient.open(harness, '', { 'Last-Event-ID': last });
          await until(() => (client.events.length >= cut ? true : undefined));
          const taken = client.events.slice(0, cut);
          await client.close();
          seen.push(...taken.map(({ data }) => data.i as number));
          last = taken.at(-1)!.id;
        }
        await publishing;
        expect(seen).toEqual(Array.from({ length: total }, (_, i) => i));
      }),
      { numRuns: 10 },
    );
  });

  it('reads back more than the store gives at once', async () => {
    const run = await (await created()).open();
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 120; i++) await run.append({ k: 'event', topic: 'user.n', fields: { i, text } } as never);
    for (let i = 0; i < 700; i++) await run.append({ k: 'event', topic: 'user.m', fields: { i } } as never);

    const client = await listen('?topics=user&last_event_id=0');
    await client.next(({ topic, data }) => topic === 'user.m' && data.i === 699);

    expect(client.events.map(({ data }) => data.i)).toEqual([
      ...Array.from({ length: 120 }, (_, i) => i),
      ...Array.from({ length: 700 }, (_, i) => i),
    ]);
  });

  it('goes on from now for an id that the store never had', async () => {
    const client = await listen('', { 'Last-Event-ID': '999999999' });
    await created();

    await client.next(({ topic }) => topic === 'request.procedure.create');
  });

  it('takes all for all topics, whatever stands beside it', async () => {
    const client = await listen('?topics=user,all');
    await created();
    await client.next(({ topic }) => topic === 'request.procedure.create');
  });

  it('takes no notice of a header from elsewhere, but refuses such a parameter', async () => {
    const client = await listen('', { 'Last-Event-ID': 'abc' });
    expect(client.response.status).toBe(200);
    expect((await call(harness, 'GET', '/stream?last_event_id=abc')).status).toBe(422);
    expect((await call(harness, 'GET', '/stream?procedure=x')).status).toBe(422);
  });

  it('sends a heartbeat in silence, also where the filter makes it', async () => {
    await harness.close();
    harness = await startHarness({ storage, heartbeatMs: 50 });
    const run = await (await created()).open();
    const client = await listen('?topics=nothing');
    const noise = setInterval(() => void run.append({ k: 'event', topic: 'user.n', fields: {} } as never), 10);

    await until(() => (client.comments >= 3 ? true : undefined));

    clearInterval(noise);
    expect(client.events).toEqual([]);
  });

  it('sends no block without data, for clients that take each for an event', async () => {
    await harness.close();
    harness = await startHarness({ storage, heartbeatMs: 20 });
    const client = await listen();
    const run = await (await created()).open();
    for (let i = 0; i < 3; i++) {
      const { comments } = client;
      await until(() => (client.comments > comments ? true : undefined));
      await run.append({ k: 'event', topic: 'user.n', fields: { i } } as never);
      await client.next(({ data }) => data.i === i);
    }

    for (const block of client.blocks) expect(block).toMatch(/^data: \{.*\}\n$/m);
  });

  it('serves many, and a slow one costs nothing', async () => {
    const run = await (await created()).open();
    const slow = await new Promise<IncomingMessage>((resolve) =>
      get(`${harness.base}/stream`, { agent: false }, resolve),
    );
    slow.pause();
    const many = await Promise.all(Array.from({ length: 10 }, () => listen()));
    const text = 'x'.repeat(30_000);
    for (let i = 0; i < 100; i++) await run.append({ k: 'event', topic: 'user.n', fields: { i, text } } as never);

    await Promise.all(many.map((client) => client.next(({ data }) => data.i === 99)));
    for (const client of many) {
      expect(client.events.filter(({ topic }) => topic === 'user.n').map(({ data }) => data.i)).toEqual(
        Array.from({ length: 100 }, (_, i) => i),
      );
    }

    let rest = '';
    slow.setEncoding('utf8');
    for await (const chunk of slow) {
      rest += chunk as string;
      if (rest.includes('"i":99')) break;
    }
    expect(rest.match(/"topic":"user.n"/g)).toHaveLength(100);
  });

  it('passes numbers through as the script wrote them', async () => {
    const client = await listen();
    const run = await (await created()).open();
    const fields = { n: (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('1180591620717411303424') };
    await run.append({ k: 'event', topic: 'user.n', fields } as never);
    await client.next(({ topic }) => topic === 'user.n');
    const stream = await fetch(`${harness.base}/stream?topics=user`, { headers: { 'Last-Event-ID': '0' } });
    let text = '';
    for await (const chunk of stream.body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (/user\.n[^]*\n\n/.test(text)) break;
    }

    expect(text).toContain('"n":1180591620717411303424');
  });
});
