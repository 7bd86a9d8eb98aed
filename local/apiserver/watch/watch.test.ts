import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../objects.ts';
import { startTestServer, startThingServer, thing, THINGS, type TestServer } from '../testing.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestServer;

beforeAll(async () => {
  api = await startThingServer();
});

afterAll(() => api.close());

async function version(): Promise<string> {
  return (await api.call('GET', THINGS)).body.metadata.resourceVersion ?? '';
}

describe('lists', () => {
  test('pages show what was there at the first', async () => {
    const made = ['p1', 'p2', 'p3', 'p4', 'p5'];
    for (const name of made) await api.call('POST', THINGS, thing(name, {}, { labels: { page: 'yes' } }));
    const names = (body: Record<string, unknown>): string[] =>
      (body['items'] as KubeObject[]).map((each) => each.metadata.name);
    const path = `${THINGS}?labelSelector=page%3Dyes&limit=2`;

    const first = await api.call('GET', path);
    await api.call('DELETE', `${THINGS}/p3`);
    const token = (first.body.metadata as { continue?: string }).continue ?? '';
    const second = await api.call('GET', `${path}&continue=${token}`);
    const next = (second.body.metadata as { continue?: string }).continue ?? '';
    const third = await api.call('GET', `${path}&continue=${next}`);

    expect([...names(first.body), ...names(second.body), ...names(third.body)]).toEqual(made);
    expect(first.body.metadata).toMatchObject({ remainingItemCount: 3 });
    expect((await api.call('GET', `${path}&continue=${next}`)).code).toBe(410);
  });
});

describe('watches', () => {
  test('replay from a version, and show who leaves a selector as deleted, as it was', async () => {
    const from = await version();
    await api.call('POST', THINGS, thing('leaver'));
    await api.call('PATCH', `${THINGS}/leaver/status`, { status: { phase: 'Running' } }, MERGE);
    const watch = await api.watch(`${THINGS}?watch=1&resourceVersion=${from}&fieldSelector=status.phase!%3DDone`);
    const done = await api.call('PATCH', `${THINGS}/leaver/status`, { status: { phase: 'Done' } }, MERGE);

    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'leaver' } } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { status: { phase: 'Running' } } });
    expect(await watch.next()).toMatchObject({
      type: 'DELETED',
      object: { status: { phase: 'Running' }, metadata: { resourceVersion: done.body.metadata.resourceVersion } },
    });
    watch.close();
  });

  test('send what is there and say where it ends', async () => {
    const path = `${THINGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=none`;
    const watch = await api.watch(path);

    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Thing', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    watch.close();
  });

  test('end after their timeout, and when they are dropped', async () => {
    const timed = await api.watch(`${THINGS}?watch=1&timeoutSeconds=1`);
    const dropped = await api.watch(`${THINGS}?watch=1`);
    api.server.knobs.dropWatches();

    await Promise.all([timed.ended, dropped.ended]);
  });

  test('from a forgotten version are told 410 in the stream, or by status', async () => {
    const own = await startTestServer();
    await own.call('POST', '/api/v1/namespaces', { metadata: { name: 'x' } });
    const open = await own.watch('/api/v1/namespaces?watch=1&labelSelector=none');
    own.server.knobs.expireWatches();

    expect(await open.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    const late = await own.watch('/api/v1/namespaces?watch=1&resourceVersion=1');
    expect(await late.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    await late.ended;
    own.server.knobs.watchExpiredAs = 'status';
    expect((await own.call('GET', '/api/v1/namespaces?watch=1&resourceVersion=1')).code).toBe(410);
    await own.close();
  });
});
