import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { Refused } from '../harness/attach.ts';
import type { Cluster } from '../harness/cluster.ts';
import { makeKind } from '../harness/kind.ts';
import { IDLE } from '../harness/pods.ts';
import { until } from '../harness/poll.ts';

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
        const { json } = await cluster.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, {
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
      await until('the end of the namespace', async () => (await cluster.call('GET', there.core())).code === 404, {
        seconds: 60,
      });

      expect([401, 403]).toContain(code);
      expect([401, 403]).toContain(patch.code);
      expect(status.phase).toBe('Terminating');
    },
  ),
];
