import { expect } from '@jest/globals';
import { contract } from './case.ts';
import type { ContractCase } from './case.ts';
import { takeDown } from '../e2e/harness/node.ts';
import type { Cluster } from './harness/cluster.ts';
import { ECHO, stateOf, type PodChange } from './harness/pods.ts';
import { until } from './harness/poll.ts';

/** A case that the embedded cluster does not run, and why. */
export interface RealOnlyCase extends ContractCase {
  reason: string;
}

const realOnly = (reason: string, name: string, run: ContractCase['run']): RealOnlyCase => ({
  ...contract(name, run),
  reason,
});

const NO_NAMESPACES =
  'the embedded node runs pods as plain processes: no PID namespace, no root file system of their own';

const NO_DAEMONS = 'the embedded node has no container runtime that could be killed apart from its containers';
const NO_POLLING = 'the embedded node mounts nothing, and so waits for no volume';

/** Kills containerd under a running container; where the machine is not named by E2E_NODE, there is no such case. */
const RESTARTS: readonly RealOnlyCase[] =
  (process.env['E2E_NODE'] ?? '') === ''
    ? []
    : [
        {
          name: 'a kill -9 of containerd: a follow lives on, an attach ends as if in peace, a new one reaches the same stdin',
          reason: NO_DAEMONS,
          alone: true,
          async run(cluster) {
            const name = cluster.unique('outlives');
            await cluster.pods.create(name, ECHO);
            const log = await cluster.pods.follow(name);
            await log.find(/hello/);
            const before = await cluster.attach(name);
            await before.send('before\n');
            await log.find(/^got before$/);
            const start = await takeDown('containerd');
            try {
              await before.closed;
            } finally {
              await start();
            }
            await until('a word that arrives', async () => {
              const after = await cluster.attach(name).catch(() => undefined);
              await after?.send('after\n');
              return log.find(/^got after$/, 1).catch(() => undefined);
            });
            log.close();

            expect(before.outcome()).toMatchObject({ status: 'Success' });
            expect(before.events.at(-1)).toBe('close 1000');
            expect(log.all).not.toContain('EOF');
            expect((await cluster.pods.get(name)).json.status.containerStatuses[0].restartCount).toBe(0);
          },
        },
      ];

/** Milliseconds from a pod's create to its Python, by the container's own clock: the machine's, where it is this one. */
async function startMs(cluster: Cluster, change: PodChange): Promise<number> {
  const name = cluster.unique('speed');
  const created = Date.now();
  await cluster.pods.create(name, "import time\nprint('at', time.time() * 1000); time.sleep(0.5)", change);
  await cluster.pods.ended(name);
  const told = Number((await cluster.pods.log(name)).text.split(' ')[1]);
  await cluster.pods.remove(name, 0);
  return told - created;
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
  ...RESTARTS,

  {
    name: 'a pod without volumes starts sooner than one with an emptyDir',
    reason: NO_POLLING,
    alone: true,
    async run(cluster) {
      const withVolume = {
        spec: { volumes: [{ name: 'work', emptyDir: {} }] },
        container: { volumeMounts: [{ name: 'work', mountPath: '/mnt' }] },
      };
      const bare: number[] = [];
      const mounted: number[] = [];
      // in turn, so that both see the same load
      for (let round = 0; round < 7; round++) {
        bare.push(await startMs(cluster, {}));
        mounted.push(await startMs(cluster, withVolume));
      }

      // The quickest are those that nothing else held up: 507 and 240 where nothing else runs.
      expect(Math.min(...mounted)).toBeGreaterThan(Math.min(...bare));
    },
  },

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
];
