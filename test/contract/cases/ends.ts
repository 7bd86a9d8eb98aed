import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { Answer } from '../harness/http.ts';
import { IDLE, stateOf } from '../harness/pods.ts';
import type { PodChange } from '../harness/pods.ts';

async function end(cluster: Cluster, prefix: string, source: string, change?: PodChange): Promise<Answer['json']> {
  const name = cluster.unique(prefix);
  await cluster.pods.create(name, source, change);
  return cluster.pods.until(name, 'its end', ({ status }) => status.phase === 'Failed' || status.phase === 'Succeeded');
}

async function waiting(
  cluster: Cluster,
  prefix: string,
  change: PodChange,
): Promise<{ name: string; pod: Answer['json'] }> {
  const name = cluster.unique(prefix);
  await cluster.pods.create(name, IDLE, change);
  const stuck = (pod: Answer['json']): boolean => {
    const reason = stateOf(pod).waiting?.reason as string | undefined;
    return reason !== undefined && reason !== 'ContainerCreating';
  };
  return { name, pod: await cluster.pods.until(name, 'its reason', stuck) };
}

/** How containers end, and why some never start. */
export const ENDS: readonly ContractCase[] = [
  contract('exit code 0: Succeeded, Completed', async (cluster) => {
    const pod = await end(cluster, 'zero', 'print(1)');

    expect(pod.status.phase).toBe('Succeeded');
    expect(stateOf(pod).terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    expect(stateOf(pod).terminated.message).toBeUndefined();
    const ready = pod.status.conditions.find(({ type }: { type: string }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'PodCompleted' });
  }),

  contract('any other exit code: Failed, Error', async (cluster) => {
    const pod = await end(cluster, 'three', 'import sys; sys.exit(3)');

    expect(pod.status.phase).toBe('Failed');
    expect(pod.status.reason).toBeUndefined();
    expect(stateOf(pod).terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  }),

  contract('a container killed by a signal from outside its first process: 128 and the signal', async (cluster) => {
    const pod = await end(
      cluster,
      'signal',
      'import os, signal; signal.signal(15, lambda *_: os._exit(128 + 15)); os.kill(1 if os.getpid() == 1 else os.getpid(), 15)',
    );

    expect(stateOf(pod).terminated).toMatchObject({ exitCode: 143, reason: 'Error' });
  }),

  contract('what a container writes to its termination log is its message', async (cluster) => {
    const source =
      "import os; open(os.environ.get('OET_TERMINATION_LOG', '/dev/termination-log'), 'w').write('verdict: \\u00fc\\n'); os._exit(1)";
    const pod = await end(cluster, 'message', source);

    expect(stateOf(pod).terminated).toMatchObject({ exitCode: 1, message: 'verdict: ü\n' });
  }),

  contract('without such a message the end of the log, if asked for, and only after a failure', async (cluster) => {
    const container = { terminationMessagePolicy: 'FallbackToLogsOnError' };
    const failed = await end(cluster, 'fallback', "import sys, time; print('last words'); time.sleep(1); sys.exit(1)", {
      container,
    });
    const succeeded = await end(cluster, 'fallback', "print('last words')", { container });

    expect(stateOf(failed).terminated.message).toBe('last words\n');
    expect(stateOf(succeeded).terminated.message).toBeUndefined();
  }),

  contract('a command that does not exist: Failed, StartError, 128', async (cluster) => {
    const pod = await end(cluster, 'nocommand', '', { container: { command: ['contract-no-such-command'] } });

    expect(pod.status.phase).toBe('Failed');
    expect(stateOf(pod).terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: expect.stringContaining('exec: "contract-no-such-command": executable file not found in $PATH'),
    });
  }),

  contract('an image that is not there, with pull policy Never: ErrImageNeverPull', async (cluster) => {
    const { name, pod } = await waiting(cluster, 'neverpull', {
      container: { image: 'localhost/does-not-exist:1', imagePullPolicy: 'Never' },
    });

    expect(pod.status.phase).toBe('Pending');
    expect(stateOf(pod).waiting).toEqual({
      reason: 'ErrImageNeverPull',
      message: 'Container image "localhost/does-not-exist:1" is not present with pull policy of Never',
    });
    expect((await cluster.pods.log(name)).json).toMatchObject({
      code: 400,
      message: `container "main" in pod "${name}" is waiting to start: ErrImageNeverPull`,
    });
  }),

  contract('an image that cannot be pulled: ErrImagePull, then ImagePullBackOff', async (cluster) => {
    const { name, pod } = await waiting(cluster, 'nopull', { container: { image: 'localhost/does-not-exist:1' } });
    expect(stateOf(pod).waiting).toMatchObject({
      reason: expect.stringMatching(/^(ErrImagePull|ImagePullBackOff)$/),
      message: expect.stringContaining('localhost/does-not-exist:1'),
    });
    const later = await cluster.pods.until(
      name,
      'the back-off',
      (now) => stateOf(now).waiting?.reason === 'ImagePullBackOff',
    );

    expect(stateOf(later).waiting.message).toMatch(/^Back-off pulling image "localhost\/does-not-exist:1"/);
    const { code, json } = await cluster.pods.log(name);
    expect([code, json.message]).toEqual([
      400,
      expect.stringMatching(
        new RegExp(
          `^container "main" in pod "${name}" is waiting to start: (trying and failing to pull image|image can't be pulled)$`,
        ),
      ),
    ]);
  }),

  contract(
    'a ConfigMap or Secret of the environment that is not there: CreateContainerConfigError',
    async (cluster) => {
      const map = await waiting(cluster, 'nomap', { container: { envFrom: [{ configMapRef: { name: 'nobody' } }] } });
      const secret = await waiting(cluster, 'nosecret', {
        container: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nobody', key: 'k' } } }] },
      });

      expect(stateOf(map.pod).waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "nobody" not found',
      });
      expect(stateOf(secret.pod).waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'secret "nobody" not found',
      });
    },
  ),

  contract('an image whose user is root is not started under runAsNonRoot', async (cluster) => {
    const name = cluster.unique('root');
    await cluster.pods.create(name, 'print(1)', { spec: { securityContext: { runAsNonRoot: true } } });
    const pod = await cluster.pods.until(name, 'the refusal', (it) => stateOf(it).waiting?.message !== undefined);

    expect(pod.status.phase).toBe('Pending');
    expect(stateOf(pod).waiting).toMatchObject({
      reason: 'CreateContainerConfigError',
      message: expect.stringContaining('container has runAsNonRoot and image will run as root'),
    });
  }),
  contract('it starts once what it waits for is there', async (cluster) => {
    const config = cluster.unique('late');
    const { name } = await waiting(cluster, 'late', { container: { envFrom: [{ configMapRef: { name: config } }] } });
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name: config }, data: { A: '1' } });

    await cluster.pods.until(name, 'Running', ({ status }) => status.phase === 'Running');
  }),

  contract('the environment: values, references to others, fields, ConfigMaps, Secrets', async (cluster) => {
    const config = cluster.unique('env');
    await cluster.must('POST', cluster.core('configmaps'), {
      metadata: { name: config },
      data: { FROM_MAP: 'map', OVER: 'map' },
    });
    await cluster.must('POST', cluster.core('secrets'), { metadata: { name: config }, stringData: { key: 'sécret' } });
    const source =
      "import json, os, time; print(json.dumps({k: os.environ.get(k) for k in 'PLAIN BUILT KEPT NAME SPACE PRE_FROM_MAP OVER SECRET NONE HOME2'.split()})); time.sleep(1)";
    const pod = await end(cluster, 'env', source, {
      container: {
        envFrom: [{ configMapRef: { name: config } }, { prefix: 'PRE_', configMapRef: { name: config } }],
        env: [
          { name: 'PLAIN', value: 'ü "quoted"' },
          { name: 'BUILT', value: 'a-$(PLAIN)-$(NOBODY)' },
          { name: 'KEPT', value: '$$(PLAIN)' },
          { name: 'OVER', value: 'env' },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'SPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'SECRET', valueFrom: { secretKeyRef: { name: config, key: 'key' } } },
          { name: 'NONE', valueFrom: { secretKeyRef: { name: 'nobody', key: 'key', optional: true } } },
        ],
      },
    });
    const { json } = await cluster.pods.log(pod.metadata.name);

    expect(json).toEqual({
      PLAIN: 'ü "quoted"',
      BUILT: 'a-ü "quoted"-$(NOBODY)',
      KEPT: '$(PLAIN)',
      NAME: pod.metadata.name,
      SPACE: cluster.namespace,
      PRE_FROM_MAP: 'map',
      OVER: 'env',
      SECRET: 'sécret',
      NONE: null,
      HOME2: null,
    });
  }),
];
