import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { ConfigMap } from './kinds.ts';
import type { Stored } from './meta.ts';
import type { ReflectorOptions } from './reflector.ts';
import { configMap, writeBookmark, writeEvent } from './testing/objects.ts';
import { poll } from './testing/poll.ts';
import { Scene } from './testing/scene.ts';
import { json, refuse, reset } from './testing/server.ts';

let scene: Scene;
afterEach(() => scene.end());
const start = (items: Stored<ConfigMap>[] = [], options: Partial<ReflectorOptions<ConfigMap>> = {}): Promise<Scene> => {
  scene = new Scene();
  scene.items = items;
  return scene.start(options);
};

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
