import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestServer, thing, thingCrd, THINGS, until, type TestServer } from '../testing.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestServer;

beforeAll(async () => {
  api = await startTestServer();
  expect((await api.call('POST', CRDS, thingCrd)).code).toBe(201);
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
