import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fakeClock, startTestServer, type TestServer } from '../testing.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CORE = '/api/v1/namespaces/default';

const clock = fakeClock();
let api: TestServer;
let robot: Record<string, string>;

beforeAll(async () => {
  api = await startTestServer({ clock });
  await api.call('POST', `${CORE}/serviceaccounts`, { metadata: { name: 'robot' } });
  robot = await tokenOf('robot');
});

afterAll(() => api.close());

async function tokenOf(name: string): Promise<Record<string, string>> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
  const { body } = await api.call('POST', `${CORE}/serviceaccounts/${name}/token`, request);
  return { authorization: `Bearer ${(body['status'] as { token: string }).token}` };
}

async function grant(name: string, rule: object, where: 'Role' | 'ClusterRole' = 'Role'): Promise<void> {
  const scope = where === 'Role' ? `${RBAC}/namespaces/default` : RBAC;
  const plural = where === 'Role' ? 'role' : 'clusterrole';
  await api.call('POST', `${scope}/${plural}s`, { metadata: { name }, rules: [rule] });
  await api.call('POST', `${scope}/${plural}bindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: where, name },
    subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
  });
}

test('a service account may do nothing but look at what there is, until it is granted', async () => {
  expect((await api.call('GET', '/apis', undefined, robot)).code).toBe(200);
  const refused = await api.call('GET', `${CORE}/configmaps`, undefined, robot);
  expect(refused.code).toBe(403);
  expect(refused.body['message']).toBe(
    'configmaps is forbidden: User "system:serviceaccount:default:robot" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  await grant('reader', { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] });

  expect((await api.call('GET', `${CORE}/configmaps`, undefined, robot)).code).toBe(200);
  expect((await api.call('GET', '/api/v1/configmaps', undefined, robot)).body['message']).toContain(
    'at the cluster scope',
  );
  expect((await api.call('DELETE', `${CORE}/configmaps/x`, undefined, robot)).body['message']).toContain(
    'cannot delete',
  );
  expect((await api.call('GET', '/-/knobs', undefined, robot)).code).toBe(403);
});

test('subresources and names are told apart', async () => {
  await grant(
    'narrow',
    { apiGroups: [''], resources: ['pods/status', 'secrets'], resourceNames: ['one'], verbs: ['*'] },
    'ClusterRole',
  );

  expect((await api.call('GET', `${CORE}/pods/one/status`, undefined, robot)).code).toBe(404);
  expect((await api.call('GET', `${CORE}/pods/one`, undefined, robot)).code).toBe(403);
  expect((await api.call('GET', `${CORE}/secrets/one`, undefined, robot)).code).toBe(404);
  expect((await api.call('GET', `${CORE}/secrets/two`, undefined, robot)).code).toBe(403);
});

describe('reviews', () => {
  const review = async (kind: string, spec: object, headers = {}): Promise<unknown> => {
    const group = kind === 'TokenReview' ? 'authentication.k8s.io' : 'authorization.k8s.io';
    const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
    return (await api.call('POST', path, { apiVersion: `${group}/v1`, kind, spec }, headers)).body['status'];
  };

  test('tell whose a token is', async () => {
    const token = robot['authorization']?.slice('Bearer '.length);

    expect(await review('TokenReview', { token })).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:default:robot',
        groups: expect.arrayContaining(['system:authenticated']),
      },
    });
    expect(await review('TokenReview', { token: `${token ?? ''}x` })).toMatchObject({ error: expect.any(String) });
  });

  test.each([
    ['get', 'nodes', true],
    ['delete', 'nodes', false],
  ])('tell who may %s %s', async (verb, resource, allowed) => {
    await grant(`may-${verb}`, { apiGroups: ['*'], resources: ['nodes'], verbs: ['get'] }, 'ClusterRole');
    const resourceAttributes = { verb, resource };

    expect(await review('SelfSubjectAccessReview', { resourceAttributes }, robot)).toMatchObject({ allowed });
    const user = 'system:serviceaccount:default:robot';
    expect(await review('SubjectAccessReview', { user, resourceAttributes })).toMatchObject({ allowed });
    expect(await review('SelfSubjectAccessReview', { resourceAttributes })).toMatchObject({ allowed: true });
  });
});

describe('impersonation', () => {
  const whoami = async (headers: Record<string, string>): Promise<unknown> => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { code, body } = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review, headers);
    return code === 201 ? (body['status'] as { userInfo: unknown }).userInfo : [code, body['message']];
  };

  test.each([
    [{ 'impersonate-user': 'bob' }, { username: 'bob', groups: ['system:authenticated'] }],
    [
      { 'impersonate-user': 'bob', 'impersonate-group': 'g', 'impersonate-uid': 'u', 'impersonate-extra-a%2fb': 'x' },
      { username: 'bob', uid: 'u', groups: ['g', 'system:authenticated'], extra: { 'a/b': ['x'] } },
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:a:b' },
      {
        username: 'system:serviceaccount:a:b',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
      },
    ],
    [{ 'impersonate-group': 'g' }, [500, 'Internal error occurred: an impersonation names no user']],
  ])('%j', async (headers, expected) => {
    expect(await whoami(headers as Record<string, string>)).toEqual(expected);
  });

  test('needs a right, each user and group by name', async () => {
    expect(await whoami({ ...robot, 'impersonate-user': 'bob' })).toEqual([
      403,
      'users "bob" is forbidden: User "system:serviceaccount:default:robot" cannot impersonate resource "users" in API group "" at the cluster scope',
    ]);
    await grant(
      'actor',
      { apiGroups: [''], resources: ['users'], resourceNames: ['bob'], verbs: ['impersonate'] },
      'ClusterRole',
    );

    expect(await whoami({ ...robot, 'impersonate-user': 'bob' })).toMatchObject({ username: 'bob' });
    expect(await whoami({ ...robot, 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' })).toEqual([
      403,
      expect.stringContaining('groups "system:masters" is forbidden'),
    ]);
  });
});

test('a token ends with its account, ten seconds later', async () => {
  await api.call('POST', `${CORE}/serviceaccounts`, { metadata: { name: 'brief' } });
  const brief = await tokenOf('brief');
  expect((await api.call('GET', '/api', undefined, brief)).code).toBe(200);
  await api.call('DELETE', `${CORE}/serviceaccounts/brief`);

  expect((await api.call('GET', '/api', undefined, brief)).code).toBe(200);
  clock.advance(10_000);
  expect((await api.call('GET', '/api', undefined, brief)).code).toBe(401);
});
