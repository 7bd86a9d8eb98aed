import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fakeClock, startTestServer, startThingServer, thing, THINGS, until, type TestServer } from '../testing.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestServer;

beforeAll(async () => {
  api = await startThingServer();
});

afterAll(() => api.close());

describe('what follows a deletion', () => {
  const CMS = '/api/v1/namespaces/default/configmaps';
  const owned = (name: string, uid: string): unknown => ({
    metadata: { name, ownerReferences: [{ apiVersion: 'lab.example.com/v1', kind: 'Thing', name: 'owner', uid }] },
  });

  test.each(['Background', 'Foreground', 'Orphan'])('dependents under %s', async (propagationPolicy) => {
    const name = `owner-${propagationPolicy.toLowerCase()}`;
    const uid = (await api.call('POST', THINGS, thing(name))).body.metadata.uid ?? '';
    const dependent = `dep-${propagationPolicy.toLowerCase()}`;
    await api.call('POST', CMS, { ...(owned(dependent, uid) as object) });
    await api.call('DELETE', `${THINGS}/${name}`, { propagationPolicy });

    await until('the owner to go', async () => (await api.call('GET', `${THINGS}/${name}`)).code === 404);
    const after = await api.call('GET', `${CMS}/${dependent}`);
    if (propagationPolicy === 'Orphan') expect(after.body.metadata.ownerReferences).toBeUndefined();
    else expect(after.code).toBe(404);
  });

  test('an owner that never was', async () => {
    await api.call('POST', CMS, owned('foundling', '11111111-1111-1111-1111-111111111111'));
    await until('it to go', async () => (await api.call('GET', `${CMS}/foundling`)).code === 404);
  });

  test('a namespace takes everything in it along, and takes nothing new meanwhile', async () => {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'short-lived' } });
    const inside = CMS.replace('default', 'short-lived');
    await api.call('POST', inside, { metadata: { name: 'held', finalizers: ['a.b/c'] } });
    await api.call('DELETE', '/api/v1/namespaces/short-lived');

    const refused = await api.call('POST', inside, { metadata: { name: 'late' } });
    expect(refused.code).toBe(403);
    expect(refused.body['message']).toContain('because it is being terminated');
    await api.call('PATCH', `${inside}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.call('GET', '/api/v1/namespaces/short-lived')).code).toBe(404);
    expect((await api.call('POST', inside, { metadata: { name: 'late' } })).code).toBe(404);
  });
});

test('events go an hour after they were last seen', async () => {
  const clock = fakeClock();
  const own = await startTestServer({ clock });
  const path = '/api/v1/namespaces/default/events';
  const event = (name: string, more: object = {}): unknown => ({
    metadata: { name },
    involvedObject: { namespace: 'default' },
    ...more,
  });
  await own.call('POST', path, event('old'));
  await own.call('POST', path, event('seen', { lastTimestamp: new Date(clock.now() + 1_800_000).toISOString() }));
  clock.advance(3_600_000);
  expect((await own.call('GET', `${path}/old`)).code).toBe(200);
  clock.advance(60_000);

  expect((await own.call('GET', `${path}/old`)).code).toBe(404);
  expect((await own.call('GET', `${path}/seen`)).code).toBe(200);
  await own.close();
});

test('a dependent with a second owner that lives stays, and loses the first', async () => {
  const uids = new Map<string, string>();
  for (const name of ['first', 'second']) {
    uids.set(name, (await api.call('POST', THINGS, thing(name))).body.metadata.uid ?? '');
  }
  const ownerReferences = [...uids].map(([name, uid]) => ({
    apiVersion: 'lab.example.com/v1',
    kind: 'Thing',
    name,
    uid,
  }));
  const path = '/api/v1/namespaces/default/configmaps';
  await api.call('POST', path, { metadata: { name: 'shared', ownerReferences } });
  await api.call('DELETE', `${THINGS}/first`);

  expect((await api.call('GET', `${path}/shared`)).body.metadata.ownerReferences).toMatchObject([{ name: 'second' }]);
});
