import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConfigMap } from './kinds.ts';
import type { Stored } from './meta.ts';
import type { ReflectorOptions } from './reflector.ts';
import { configMap, writeEvent } from './testing/objects.ts';
import { poll, settle } from './testing/poll.ts';
import { bare, Scene } from './testing/scene.ts';
import { json, reset } from './testing/server.ts';

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
