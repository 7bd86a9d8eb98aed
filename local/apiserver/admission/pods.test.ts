import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestServer, type TestServer } from '../testing.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestServer;

beforeAll(async () => {
  api = await startTestServer();
});

afterAll(() => api.close());

describe('pods', () => {
  const PODS = '/api/v1/namespaces/default/pods';
  const pod = (name: string, more: object = {}): unknown => ({
    metadata: { name, ...more },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  });
  const bind = (name: string): Promise<unknown> =>
    api.call('POST', `${PODS}/${name}/binding`, { target: { kind: 'Node', name: 'local' } });

  test('that no node runs go at once; others get their grace and may only be hurried', async () => {
    await api.call('POST', PODS, pod('unbound'));
    await api.call('DELETE', `${PODS}/unbound`);
    expect((await api.call('GET', `${PODS}/unbound`)).code).toBe(404);

    await api.call('POST', PODS, pod('bound'));
    await bind('bound');
    const deleted = await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=20`);
    expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 20, generation: 2 });
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=25`);
    expect((await api.call('GET', `${PODS}/bound`)).body.metadata.deletionGracePeriodSeconds).toBe(20);
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=5`);
    expect((await api.call('GET', `${PODS}/bound`)).body.metadata.deletionGracePeriodSeconds).toBe(5);
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=0`);
    expect((await api.call('GET', `${PODS}/bound`)).code).toBe(404);
  });

  test('with a finalizer stay until it goes', async () => {
    await api.call('POST', PODS, pod('held', { finalizers: ['a.b/c'] }));
    await api.call('DELETE', `${PODS}/held`);
    expect((await api.call('GET', `${PODS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    await api.call('PATCH', `${PODS}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.call('GET', `${PODS}/held`)).code).toBe(404);
  });

  test('are evicted with a condition that tells so', async () => {
    await api.call('POST', PODS, pod('evicted'));
    await bind('evicted');
    const answer = await api.call('POST', `${PODS}/evicted/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' });

    expect(answer).toMatchObject({ code: 201, body: { status: 'Success' } });
    expect((await api.call('GET', `${PODS}/evicted`)).body['status']).toMatchObject({
      conditions: [{ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }],
    });
  });

  test.each([
    [{ spec: { containers: [] } }, 422, 'spec.containers: Required value'],
    [{ spec: { containers: [{ name: 'a' }] } }, 422, 'spec.containers[0].image: Required value'],
    [{ spec: { containers: 'x' } }, 400, 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers'],
  ])('that are wrong are refused: %j', async (part, code, message) => {
    const answer = await api.call('POST', PODS, { metadata: { name: 'wrong' }, ...part });

    expect(answer.code).toBe(code);
    expect(answer.body['message']).toContain(message);
  });

  test('cannot become other pods', async () => {
    await api.call('POST', PODS, pod('fixed'));
    const answer = await api.call('PATCH', `${PODS}/fixed`, { spec: { restartPolicy: 'Never' } }, MERGE);

    expect(answer.code).toBe(422);
    expect(answer.body['message']).toContain('pod updates may not change fields other than');
  });
});
