import { expect } from '@jest/globals';
import { contract } from './case.ts';
import type { ContractCase } from './case.ts';
import { Refused } from './harness/attach.ts';
import type { Cluster } from './harness/cluster.ts';
import { makeKind } from './harness/kind.ts';
import { IDLE, stateOf } from './harness/pods.ts';
import { until } from './harness/poll.ts';

/** A case that the embedded cluster does not run, and why. */
export interface RealOnlyCase extends ContractCase {
  reason: string;
}

const realOnly = (reason: string, name: string, run: ContractCase['run']): RealOnlyCase => ({
  ...contract(name, run),
  reason,
});

const NO_RBAC = 'the embedded API server knows one administrator and no roles';
const NO_NAMESPACES =
  'the embedded node runs pods as plain processes: no PID namespace, no root file system of their own';

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

/** The child is a program of its own, started by exec: what a script can always do. */
const FORGER = (undumpable: boolean): string => `
import ctypes, os, subprocess, sys
if ${undumpable ? 'True' : 'False'}: assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0
child = '''
import errno, os
for path, mode in ("fd/1", os.O_WRONLY), ("fd/0", os.O_RDONLY), ("mem", os.O_RDWR):
    try:
        fd = os.open("/proc/1/" + path, mode)
        if path == "fd/1": os.write(fd, b"FORGED\\\\n")
        print(path, "opened")
    except OSError as e: print(path, errno.errorcode[e.errno])
'''
done = subprocess.run([sys.executable, '-c', child], capture_output=True, text=True)
print('child:', ', '.join(done.stdout.splitlines()) + done.stderr, flush=True)
`;

/** What only a real node can show. */
export const REAL_ONLY: readonly RealOnlyCase[] = [
  realOnly(NO_RBAC, 'an attach needs get and create on pods/attach', async (cluster) => {
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

  realOnly(
    NO_RBAC,
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

  realOnly(NO_NAMESPACES, 'PID 1 without a handler ignores SIGTERM until the grace is over', async (cluster) => {
    const name = cluster.unique('deafone');
    await cluster.pods.create(name, "import time\nprint('hello', flush=True)\nwhile True: time.sleep(1)", {
      spec: { terminationGracePeriodSeconds: 2 },
    });
    await (await cluster.pods.follow(name)).find(/hello/);
    const started = performance.now();
    await cluster.pods.remove(name);
    await cluster.pods.gone(name);

    expect(performance.now() - started).toBeGreaterThan(2000);
  }),

  realOnly(NO_NAMESPACES, 'PID 1 is not killed by a SIGKILL that it sends itself', async (cluster) => {
    const name = cluster.unique('selfkill');
    await cluster.pods.create(name, 'import os; os.kill(os.getpid(), 9)');
    const pod = await cluster.pods.ended(name);

    expect(stateOf(pod).terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  }),

  realOnly(
    NO_NAMESPACES,
    'a child writes into the log of an undefended PID 1; after the prctl it cannot',
    async (cluster) => {
      const restricted = {
        spec: { securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } } },
        container: {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      };
      const logs: string[] = [];
      for (const undumpable of [false, true]) {
        const name = cluster.unique('forged');
        await cluster.pods.create(name, FORGER(undumpable), restricted);
        await cluster.pods.ended(name);
        logs.push((await cluster.pods.log(name)).text);
      }

      expect(logs[0]).toMatch(/^FORGED$/m);
      expect(logs[1]).not.toMatch(/^FORGED$/m);
      expect(logs[1]).toContain('child: fd/1 EACCES, fd/0 EACCES, mem EACCES');
    },
  ),

  realOnly(NO_NAMESPACES, 'a "restricted" namespace refuses an unrestricted pod', async (cluster) => {
    const name = `${cluster.namespace}-restricted`;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.must('POST', '/api/v1/namespaces', { metadata: { name, labels } });
    await until(
      'its service account',
      async () => (await cluster.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).code === 200,
    );
    const { json } = await cluster.call('POST', `/api/v1/namespaces/${name}/pods`, {
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'a', image: 'x' }] },
    });
    await cluster.must('DELETE', `/api/v1/namespaces/${name}`);

    expect(json).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining('violates PodSecurity "restricted:latest"'),
    });
  }),

  realOnly(
    'all images of the embedded node are the same Python',
    'an image whose user is root is not started under runAsNonRoot',
    async (cluster) => {
      const name = cluster.unique('root');
      await cluster.pods.create(name, 'print(1)', { spec: { securityContext: { runAsNonRoot: true } } });
      const pod = await cluster.pods.until(name, 'the refusal', (it) => stateOf(it).waiting?.message !== undefined);

      expect(pod.status.phase).toBe('Pending');
      expect(stateOf(pod).waiting).toMatchObject({
        reason: 'CreateContainerConfigError',
        message: expect.stringContaining('container has runAsNonRoot and image will run as root'),
      });
    },
  ),
];
