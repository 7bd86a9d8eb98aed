import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { Refused } from '../harness/attach.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { Answer } from '../harness/http.ts';
import { makeKind } from '../harness/kind.ts';
import { IDLE } from '../harness/pods.ts';
import { until } from '../harness/poll.ts';

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';

/** A service account with these rights in the namespace: its token. */
async function account(cluster: Cluster, name: string, rule: Record<string, unknown>): Promise<string> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${cluster.namespace}`;
  const metadata = { name };
  await cluster.must('POST', cluster.core('serviceaccounts'), { metadata });
  await cluster.must('POST', `${rbac}/roles`, { metadata, rules: [rule] });
  await cluster.must('POST', `${rbac}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: cluster.namespace }],
  });
  const { status } = await cluster.must('POST', cluster.core('serviceaccounts', name, 'token'), {
    spec: { expirationSeconds: 600 },
  });
  return String(status.token);
}

/** Service accounts, roles and bindings: what they open and when they go. */
export const RIGHTS: readonly ContractCase[] = [
  contract('an attach needs get and create on pods/attach', async (cluster) => {
    const name = cluster.unique('target');
    await cluster.pods.create(name, IDLE);
    await (await cluster.pods.follow(name)).find(/hello/);
    const attempt = async (verbs: string[]): Promise<number | 'opened'> => {
      const token = await account(cluster, cluster.unique('account'), {
        apiGroups: [''],
        resources: ['pods/attach'],
        verbs,
      });
      // The authorizer learns of a binding by a watch: what it grants shows soon, what it does not grant never.
      const review = {
        spec: {
          resourceAttributes: { verb: verbs[0], resource: 'pods', subresource: 'attach', namespace: cluster.namespace },
        },
      };
      await until('the binding', async () => {
        const { json } = await cluster.call('POST', `${AUTHORIZATION}/selfsubjectaccessreviews`, review, {
          token,
        });
        return json.status?.allowed === true;
      });
      return cluster.attach(name, 'container=main&stdin=true', token).then(
        (attached) => {
          attached.socket.terminate();
          return 'opened';
        },
        (error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)),
      );
    };

    expect(await attempt(['get'])).toBe(403);
    expect(await attempt(['create'])).toBe(403);
    expect(await attempt(['get', 'create'])).toBe('opened');
  }),

  contract(
    'a deleted namespace takes a controller’s rights before its finalizer is off, and hangs',
    async (cluster) => {
      const kind = await makeKind(cluster, {});
      const namespace = `${cluster.namespace}-hang`;
      const at = (text: string): string => text.replace(cluster.namespace, namespace);
      const there: Cluster = { ...cluster, namespace, core: (...rest) => at(cluster.core(...rest)) };
      const path = at(kind.path);
      const free = { metadata: { finalizers: null } };
      await cluster.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      await cluster.must(
        'POST',
        path,
        kind.thing('one', { metadata: { name: 'one', finalizers: ['contract.example.com/hold'] } }),
      );
      cluster.atEnd(async () => {
        await cluster.call('PATCH', `${path}/one`, free);
        await cluster.call('DELETE', there.core());
      });
      const token = await account(there, 'controller', {
        apiGroups: [kind.group],
        resources: ['things'],
        verbs: ['*'],
      });
      await until(
        'its rights',
        async () => (await cluster.call('GET', `${path}/one`, undefined, { token })).code === 200,
      );
      await cluster.must('DELETE', there.core());
      await until('the mark', async () => {
        return (await cluster.call('GET', `${path}/one`)).json.metadata.deletionTimestamp !== undefined;
      });
      const code = await until('the loss of its rights', async () => {
        const answer = await cluster.call('GET', `${path}/one`, undefined, { token });
        return answer.code === 200 ? undefined : answer.code;
      });
      const patch = await cluster.call('PATCH', `${path}/one`, free, { token });
      const { status } = await cluster.must('GET', there.core());
      await cluster.must('PATCH', `${path}/one`, free);
      await until('the end of the namespace', async () => (await cluster.call('GET', there.core())).code === 404);

      expect([401, 403]).toContain(code);
      expect([401, 403]).toContain(patch.code);
      expect(status.phase).toBe('Terminating');
    },
  ),

  contract('a TokenReview tells whose a token is, and for whom it is meant', async (cluster) => {
    const name = cluster.unique('known');
    const token = await account(cluster, name, { apiGroups: [''], resources: ['pods'], verbs: ['get'] });
    const review = async (spec: object): Promise<Answer['json']> =>
      (await cluster.must('POST', TOKEN_REVIEWS, { spec })).status;
    const known = await review({ token });
    const other = await review({ token, audiences: ['somebody-else'] });
    const forged = await review({ token: `${token.slice(0, -6)}AAAAAA` });

    expect(known).toMatchObject({
      authenticated: true,
      user: {
        username: `system:serviceaccount:${cluster.namespace}:${name}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${cluster.namespace}`, 'system:authenticated'],
      },
      audiences: [expect.stringMatching(/^https:/)],
    });
    expect(known.user.uid).toMatch(/^[0-9a-f-]{36}$/);
    for (const status of [other, forged]) {
      expect(status.authenticated ?? false).toBe(false);
      expect(status.error).toBeTruthy();
    }
  }),

  contract(
    'a token for an audience of its own opens nothing here, and is known to who asks for it',
    async (cluster) => {
      const name = cluster.unique('audience');
      await account(cluster, name, { apiGroups: [''], resources: ['pods'], verbs: ['get'] });
      const { spec, status } = await cluster.must('POST', cluster.core('serviceaccounts', name, 'token'), {
        spec: { audiences: ['oet'], expirationSeconds: 600 },
      });
      const token = String(status.token);
      const here = await cluster.call('GET', cluster.core('pods', 'nobody'), undefined, { token });
      const asked = await cluster.must('POST', TOKEN_REVIEWS, { spec: { token, audiences: ['oet', 'else'] } });
      const unasked = await cluster.must('POST', TOKEN_REVIEWS, { spec: { token } });

      expect(spec.audiences).toEqual(['oet']);
      expect(here.code).toBe(401);
      expect(asked.status).toMatchObject({ authenticated: true, audiences: ['oet'] });
      expect(unasked.status.authenticated ?? false).toBe(false);
    },
  ),

  contract('SubjectAccessReviews answer for somebody: by user, by group, in one namespace', async (cluster) => {
    const name = cluster.unique('reviewed');
    await account(cluster, name, { apiGroups: ['oet.skao.int'], resources: ['procedures'], verbs: ['get'] });
    const user = `system:serviceaccount:${cluster.namespace}:${name}`;
    const attributes = (verb: string) => ({
      verb,
      group: 'oet.skao.int',
      resource: 'procedures',
      namespace: cluster.namespace,
    });
    const ask = async (spec: object, path = `${AUTHORIZATION}/subjectaccessreviews`): Promise<boolean> =>
      (await cluster.must('POST', path, { metadata: { namespace: cluster.namespace }, spec })).status.allowed === true;
    await until('the binding', () => ask({ user, resourceAttributes: attributes('get') }));

    expect(await ask({ user, resourceAttributes: attributes('create') })).toBe(false);
    expect(await ask({ user: 'a', groups: ['system:masters'], resourceAttributes: attributes('create') })).toBe(true);
    expect(
      await ask({ user: 'a', groups: ['system:authenticated'], nonResourceAttributes: { path: '/apis', verb: 'get' } }),
    ).toBe(true);
    expect(await ask({ user: 'a', nonResourceAttributes: { path: '/metrics', verb: 'get' } })).toBe(false);
    const local = `${AUTHORIZATION}/namespaces/${cluster.namespace}/localsubjectaccessreviews`;
    expect(await ask({ user, resourceAttributes: attributes('get') }, local)).toBe(true);
    const both = await cluster.call('POST', `${AUTHORIZATION}/subjectaccessreviews`, {
      spec: { user, resourceAttributes: attributes('get'), nonResourceAttributes: { path: '/', verb: 'get' } },
    });
    const nobody = await cluster.call('POST', `${AUTHORIZATION}/subjectaccessreviews`, {
      spec: { resourceAttributes: attributes('get') },
    });
    expect([both.code, nobody.code]).toEqual([422, 422]);
  }),

  contract('an administrator may act as somebody, who may do no more than that one', async (cluster) => {
    const name = cluster.unique('played');
    const token = await account(cluster, name, { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] });
    const headers = { 'impersonate-user': `system:serviceaccount:${cluster.namespace}:${name}` };
    await until('the binding', async () => {
      return (await cluster.call('GET', cluster.core('configmaps'), undefined, { headers })).code === 200;
    });
    const pods = await cluster.call('GET', cluster.core('pods'), undefined, { headers });
    const further = await cluster.call('GET', cluster.core('configmaps'), undefined, {
      token,
      headers: { 'impersonate-user': 'bob' },
    });

    expect(pods.json).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(pods.json.message).toBe(
      `pods is forbidden: User "${headers['impersonate-user']}" cannot list resource "pods" in API group "" in the namespace "${cluster.namespace}"`,
    );
    expect(further.json.message).toBe(
      `users "bob" is forbidden: User "${headers['impersonate-user']}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    );
  }),
];
