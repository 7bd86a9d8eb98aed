import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { CONFIG_MAPS } from './kinds.ts';
import type { ConfigMap } from './kinds.ts';
import type { Stored } from './meta.ts';
import { Reflector } from './reflector.ts';
import type { Change, ReflectorOptions, ReflectorStatus } from './reflector.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { configMap, writeBookmark, writeEvent } from './testing/objects.ts';
import { poll, settle } from './testing/poll.ts';
import { json, refuse, reset, serve } from './testing/server.ts';
import type { Seen, TestServer } from './testing/server.ts';

/** A server with a list and watches that the test holds in its hands. */
class Scene {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly changes: Change<ConfigMap>[] = [];
  readonly statuses: ReflectorStatus[] = [];
  readonly stop = new AbortController();
  readonly watches: { request: Seen; response: ServerResponse }[] = [];
  readonly lists: Seen[] = [];
  items: Stored<ConfigMap>[] = [];
  version = 10;
  /** Answers instead of the usual, once per function. */
  readonly instead: ((response: ServerResponse) => void)[] = [];
  server!: TestServer;
  reflector!: Reflector<ConfigMap>;
  running!: Promise<void>;

  async start(options: Partial<ReflectorOptions<ConfigMap>> = {}): Promise<this> {
    this.server = await serve((request, response) => {
      const watching = request.query.get('watch') === 'true';
      if (watching) this.watches.push({ request, response });
      else this.lists.push(request);
      const other = this.instead.shift();
      if (other) other(response);
      else if (watching) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      else json(response, { metadata: { resourceVersion: String(this.version) }, items: this.items.map(bare) });
    });
    this.reflector = new Reflector({
      kube: this.server.kube,
      type: CONFIG_MAPS,
      namespace: 'ns',
      clock: this.clock,
      random: () => 0,
      onChange: (change) => {
        this.changes.push(change);
        this.told.push(`${change.type} ${change.object.metadata.name} ${change.object.metadata.resourceVersion}`);
      },
      onStatus: (status) => this.statuses.push(status),
      ...options,
    });
    this.running = this.reflector.run(this.stop.signal);
    return this;
  }

  /** The nth watch, once it is there. */
  async watch(n: number): Promise<{ request: Seen; response: ServerResponse }> {
    return poll(`watch ${n}`, () => this.watches[n]);
  }

  async expectTold(...lines: string[]): Promise<void> {
    await poll(`${lines.join(', ')} (told: ${this.told.join(', ')})`, () => this.told.length >= lines.length).catch(
      () => undefined,
    );
    expect(this.told).toEqual(lines);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    await this.server.close();
  }
}

/** Items of a list of a built-in kind have neither of these. */
function bare({ apiVersion: _, kind: __, ...rest }: Stored<ConfigMap>): object {
  return rest;
}

let scene: Scene;
afterEach(() => scene.end());
const start = (items: Stored<ConfigMap>[] = [], options: Partial<ReflectorOptions<ConfigMap>> = {}): Promise<Scene> => {
  scene = new Scene();
  scene.items = items;
  return scene.start(options);
};

describe('list and watch', () => {
  test("the list, then what changes, from the list's version on", async () => {
    await start([configMap('a', 5)]);
    await scene.reflector.synced;
    expect(scene.reflector.store.get('a')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });

    const { request, response } = await scene.watch(0);
    writeEvent(response, 'ADDED', configMap('b', 11));
    writeEvent(response, 'MODIFIED', configMap('a', 12, { x: '1' }));
    writeEvent(response, 'DELETED', configMap('b', 13));

    await scene.expectTold('ADDED a 5', 'ADDED b 11', 'MODIFIED a 12', 'DELETED b 13');
    expect(scene.changes[2]).toMatchObject({ previous: { data: {} }, object: { data: { x: '1' } } });
    expect(scene.reflector.store.list().map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(Object.fromEntries(request.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
      timeoutSeconds: '300',
    });
  });

  test('selectors go with both', async () => {
    await start([], { fieldSelector: 'a!=b', labelSelector: 'c=d' });

    const { request } = await scene.watch(0);

    for (const { query } of [request, scene.lists[0]!])
      expect([query.get('fieldSelector'), query.get('labelSelector')]).toEqual(['a!=b', 'c=d']);
  });

  test("the server's timeout is a chance between five and ten minutes", async () => {
    await start([], { random: () => 0.5 });

    expect((await scene.watch(0)).request.query.get('timeoutSeconds')).toBe('450');
  });

  test('all pages of a list', async () => {
    scene = new Scene();
    scene.instead.push((response) =>
      json(response, { metadata: { resourceVersion: '7', continue: 'more' }, items: [bare(configMap('a', 1))] }),
    );
    scene.items = [configMap('b', 2)];
    await scene.start();

    await scene.expectTold('ADDED a 1', 'ADDED b 2');
    expect(scene.lists[1]!.query.get('continue')).toBe('more');
  });

  test('an event in pieces, several in one piece, letters cut in the middle', async () => {
    await start();
    const { response } = await scene.watch(0);
    const text = Buffer.from(
      [configMap('ä', 11), configMap('b', 12), configMap('c', 13)]
        .map((object) => `${JSON.stringify({ type: 'ADDED', object })}\n`)
        .join(''),
    );

    for (let at = 0; at < text.length; at += 7) {
      response.write(text.subarray(at, at + 7));
      if (at % 70 === 0) await settle(1);
    }

    await scene.expectTold('ADDED ä 11', 'ADDED b 12', 'ADDED c 13');
  });

  test('what only the API server needs is not kept', async () => {
    const object = configMap('a', 1);
    object.metadata.managedFields = [{}];
    object.metadata.annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'x' };
    await start([object]);
    await scene.reflector.synced;

    const { metadata } = scene.reflector.store.get('a')!;
    expect(metadata.managedFields).toBeUndefined();
    expect(metadata.annotations).toEqual({ mine: 'x' });
  });

  test('an index follows', async () => {
    await start([configMap('a', 1, { owner: 'x' })]);
    await scene.reflector.synced;
    scene.reflector.store.indexBy('owner', ({ data }) => (data?.['owner'] === undefined ? [] : [data['owner']]));
    const { response } = await scene.watch(0);

    writeEvent(response, 'ADDED', configMap('b', 11, { owner: 'x' }));
    writeEvent(response, 'MODIFIED', configMap('a', 12, { owner: 'y' }));
    await poll('both', () => scene.told.length === 3);

    const names = (owner: string): string[] =>
      scene.reflector.store.byIndex('owner', owner).map((o) => o.metadata.name);
    expect([names('x'), names('y'), names('z')]).toEqual([['b'], ['a'], []]);
  });

  test('a full pass shows everything again', async () => {
    await start([configMap('a', 1)], { resyncMs: 3_600_000, stallMs: 1e9 });
    await scene.reflector.synced;
    await scene.watch(0);

    await scene.clock.advance(3_600_000);

    await scene.expectTold('ADDED a 1', 'SYNC a 1');
  });
});

describe('a watch that ends', () => {
  test("at the server's timeout: at once the next, from the last event, no list", async () => {
    await start();
    const { response } = await scene.watch(0);
    writeEvent(response, 'ADDED', configMap('a', 11));
    await poll('the event', () => scene.told.length === 1);
    await scene.clock.advance(300_000 / 4); // within the watchdog's time
    response.end();

    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('11');
    expect(scene.lists).toHaveLength(1);
  });

  test('goes on from a bookmark', async () => {
    await start();
    const { response } = await scene.watch(0);
    await scene.clock.advance(60_000);
    writeBookmark(response, 99);
    await scene.clock.waiting(90_000);
    response.end();

    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('99');
    expect(scene.told).toEqual([]);
  });

  test('sooner than a second: after a wait', async () => {
    await start();
    (await scene.watch(0)).response.end();

    await scene.clock.waiting(800);
    expect(scene.watches).toHaveLength(1);
    await scene.clock.advance(800);
    await scene.watch(1);
  });

  test('by silence: 90 s without an event or a bookmark, then the next from the same version', async () => {
    await start();
    const { response } = await scene.watch(0);
    const closed = new Promise((resolve) => response.on('close', resolve));
    await scene.clock.advance(60_000);
    writeBookmark(response, 20);
    await poll('the bookmark', () => scene.clock.timers.includes(90_000));
    await scene.clock.advance(89_999);
    expect(scene.watches).toHaveLength(1);

    await scene.clock.advance(1);

    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('20');
    await closed; // the connection is not left behind
    expect(scene.lists).toHaveLength(1);
  });

  test('by a reset after a good while: at once the next', async () => {
    await start();
    const { response } = await scene.watch(0);
    writeEvent(response, 'ADDED', configMap('a', 11));
    await poll('the event', () => scene.told.length === 1);
    await scene.clock.advance(5_000);
    reset(response);

    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('11');
    expect(scene.lists).toHaveLength(1);
  });

  test('by resets again and again: waits that double up to 30 s', async () => {
    await start();
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      reset((await scene.watch(n)).response);
      await poll('a wait', () => scene.statuses.filter(({ doing }) => doing === 'waiting').length > n);
      waits.push(scene.statuses.at(-1)!.waitMs!);
      await scene.clock.advance(waits.at(-1)!);
    }

    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(scene.lists).toHaveLength(1);
  });
});

describe('410', () => {
  const expired = {
    kind: 'Status',
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old resource version',
  };

  test('inside a stream that stays open: a list at once, and the stream is let go', async () => {
    await start([configMap('a', 1), configMap('b', 2)]);
    const { response } = await scene.watch(0);
    const closed = new Promise((resolve) => response.on('close', resolve));
    scene.items = [configMap('a', 1), configMap('c', 15)];
    scene.version = 20;
    await scene.clock.advance(2_000);

    writeEvent(response, 'ERROR', expired);

    await scene.expectTold('ADDED a 1', 'ADDED b 2', 'DELETED b 2', 'SYNC a 1', 'ADDED c 15');
    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('20');
    await closed;
  });

  test('as the answer: a list after a wait', async () => {
    scene = new Scene();
    await scene.start();
    const { response } = await scene.watch(0);
    scene.instead.push((again) => refuse(again, 410, 'Expired', 'too old'));
    reset(response);
    await scene.clock.waiting(800);
    await scene.clock.advance(800);
    await scene.watch(1);
    await scene.clock.waiting(1600);
    await scene.clock.advance(1600);

    await scene.watch(2);
    expect(scene.lists).toHaveLength(2);
  });

  test('an object made anew under its name is gone, then new', async () => {
    await start([configMap('a', 1)]);
    const { response } = await scene.watch(0);
    scene.items = [configMap('a', 15, {}, 'other-uid')];
    await scene.clock.advance(2_000);

    writeEvent(response, 'ERROR', expired);

    await scene.expectTold('ADDED a 1', 'DELETED a 1', 'ADDED a 15');
  });
});

describe('a refused list or watch', () => {
  test.each([
    ['500', (response: ServerResponse) => refuse(response, 500, 'InternalError', 'etcd'), 800],
    [
      '429 waits as long as it is told',
      (response: ServerResponse) =>
        refuse(response, 429, 'TooManyRequests', 'slow', { headers: { 'retry-after': '5' } }),
      5_000,
    ],
    ['403', (response: ServerResponse) => refuse(response, 403, 'Forbidden', 'no'), 800],
    ['a reset', (response: ServerResponse) => reset(response), 800],
  ])('list: %s', async (what, answer, waitMs) => {
    scene = new Scene();
    scene.items = [configMap('a', 1)];
    // A reset GET is sent once more by the client itself.
    scene.instead.push(...Array.from({ length: what === 'a reset' ? 2 : 1 }, () => answer));
    await scene.start();

    await scene.clock.waiting(waitMs);
    expect(scene.reflector.hasSynced).toBe(false);
    await scene.clock.advance(waitMs);

    await scene.reflector.synced;
    await scene.expectTold('ADDED a 1');
  });

  test.each([
    ['429 keeps the version', 429, 1],
    ['503 keeps the version', 503, 1],
    ['500 lists again', 500, 2],
    ['404 lists again', 404, 2],
    ['504 (a version from the future) lists again', 504, 2],
  ])('watch: %s', async (_, status, lists) => {
    scene = new Scene();
    scene.instead.push(
      (response) => json(response, { metadata: { resourceVersion: '10' }, items: [] }),
      (response) => refuse(response, status, '', 'no'),
    );
    await scene.start();
    await scene.watch(0);
    await scene.clock.waiting(800);

    await scene.clock.advance(800);

    await scene.watch(1);
    expect(scene.lists).toHaveLength(lists);
  });

  test.each([
    ['plain text inside a 200', 'upstream connect error'],
    ['with a newline', 'upstream connect error\n'],
    ['JSON that is no event', '{"message":"no"}\n'],
  ])('%s ends the watch, as a failure', async (_, text) => {
    await start();
    const { response } = await scene.watch(0);
    response.end(text);

    await scene.clock.waiting(800);
    expect(scene.statuses.at(-1)).toMatchObject({ doing: 'waiting', error: { code: 'malformed' } });
    await scene.clock.advance(800);
    await scene.watch(1);
  });

  test('an event that is cut at the end is seen again by the next watch', async () => {
    await start();
    const { response } = await scene.watch(0);
    await scene.clock.advance(2_000);
    response.end('{"type":"ADDED","object":{"metadata":{"name":"a"');

    expect((await scene.watch(1)).request.query.get('resourceVersion')).toBe('10');
  });
});

describe('handlers', () => {
  test('that throw end nothing, and the store has the change', async () => {
    await start([configMap('a', 1)], {
      onChange: ({ object }) => {
        scene.told.push(object.metadata.name);
        throw new Error('mine');
      },
    });
    const { response } = await scene.watch(0);

    writeEvent(response, 'ADDED', configMap('b', 11));

    await scene.expectTold('a', 'b');
    expect(scene.reflector.store.size).toBe(2);
    expect(scene.watches).toHaveLength(1);
  });

  test('a transform or a status listener that throws ends nothing either', async () => {
    const fail = (): never => {
      throw new Error('mine');
    };
    await start([configMap('a', 1)], { transform: fail, onStatus: fail });

    await scene.expectTold('ADDED a 1');
    await scene.watch(0);
  });
});

describe('stopping', () => {
  test('while watching: resolves, closes the connection, tells nothing more', async () => {
    await start();
    const { response } = await scene.watch(0);
    const closed = new Promise((resolve) => response.on('close', resolve));

    scene.stop.abort();
    writeEvent(response, 'ADDED', configMap('a', 11));

    await scene.running;
    await closed;
    expect(scene.told).toEqual([]);
    expect(scene.statuses.at(-1)!.doing).toBe('stopped');
    expect(scene.clock.timers).toEqual([]);
  });

  test('while waiting: no watch begins afterwards', async () => {
    await start();
    reset((await scene.watch(0)).response);
    await scene.clock.waiting(800);

    scene.stop.abort();
    await scene.running;
    await scene.clock.advance(60_000);

    expect(scene.watches).toHaveLength(1);
  });

  test('while listing', async () => {
    scene = new Scene();
    scene.instead.push(() => undefined); // no answer
    await scene.start();
    await poll('the list', () => scene.lists.length === 1);

    scene.stop.abort();

    await scene.running;
    expect(scene.reflector.hasSynced).toBe(false);
  });
});
