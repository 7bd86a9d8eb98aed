/** What keeps a procedure from running, or ends it: each with its reason, as docs/failures.md tells. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onRealNode } from './harness/node.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  // What comes late on purpose may come later than meant.
  stack = await startStack({ OET_TOLERANCE_SECONDS: '15' });
});
afterAll(() => stack.close());

interface Status {
  readonly state?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly phase?: string;
  readonly history?: readonly { readonly state: string }[];
}

async function apply(name: string, spec: object): Promise<void> {
  const manifest = { apiVersion: 'oet.skao.int/v1alpha1', kind: 'Procedure', metadata: { name }, spec };
  expect(await stack.kubectl(['apply', '-f', '-'], JSON.stringify(manifest))).toMatchObject({ code: 0 });
}

async function status(name: string): Promise<Status> {
  const { stdout } = await stack.kubectl(['get', 'procedure', name, '-o', 'json']);
  return (JSON.parse(stdout) as { status: Status }).status;
}

async function end(name: string): Promise<Status> {
  return until(`the end of ${name}`, async () => {
    const now = await status(name);
    return now.phase === 'Finished' && now;
  });
}

const SLEEPS = 'import time\ndef init(): time.sleep(60)\ndef main(): pass';
const ENDLESS = 'import time\ndef main():\n  while True: time.sleep(0.05)';
const QUICK = 'def main(): pass';

describe('a deadline', () => {
  it.each([
    ['prepareSeconds', { script: { inline: SLEEPS }, deadlines: { prepareSeconds: 2 } }],
    ['readySeconds', { script: { inline: QUICK }, deadlines: { readySeconds: 1 } }],
    ['runSeconds', { script: { inline: ENDLESS }, startPolicy: 'Automatic', deadlines: { runSeconds: 1 } }],
  ])('%s', async (name, spec) => {
    const called = `deadline-${name.toLowerCase()}`;
    await apply(called, spec);
    expect(await end(called)).toMatchObject({ state: 'FAILED', reason: 'DeadlineExceeded' });
  });
});

describe('what is not there', () => {
  it('a ConfigMap with the script', async () => {
    await apply('no-configmap', { script: { configMap: { name: 'not-there', key: 'a.py' } } });
    expect(await end('no-configmap')).toMatchObject({ state: 'FAILED', reason: 'ScriptNotFound' });
  });

  it('a ConfigMap that comes a moment later', async () => {
    await apply('late-configmap', { script: { configMap: { name: 'late', key: 'a.py' } }, startPolicy: 'Automatic' });
    await until('its pod', async () =>
      (await stack.kubectl(['get', 'pods', '-o', 'name'])).stdout.includes('late-configmap'),
    );
    await stack.kubectl(['create', 'configmap', 'late', '--from-literal=a.py=def main(): print("here")']);
    expect(await end('late-configmap')).toMatchObject({ state: 'COMPLETE' });
  });

  it('a Secret of the pod', async () => {
    await apply('no-secret', {
      script: { inline: QUICK },
      podTemplate: { envFrom: [{ secretRef: { name: 'not-there' } }] },
    });
    expect(await end('no-secret')).toMatchObject({ state: 'FAILED', reason: 'CreateContainerConfigError' });
  });

  onRealNode('a node that fits', async () => {
    await apply('no-node', {
      script: { inline: QUICK },
      podTemplate: { nodeSelector: { 'not/there': 'x' } },
      deadlines: { prepareSeconds: 10 },
    });
    expect(await end('no-node')).toMatchObject({ state: 'FAILED', reason: 'Unschedulable' });
  });

  onRealNode('room in the quota, until it is raised', async () => {
    const quota = ['create', 'quota', 'none', '--hard=pods=0'];
    expect(await stack.kubectl(quota)).toMatchObject({ code: 0 });
    await until(
      'the quota to hold',
      async () => (await stack.kubectl(['get', 'quota', 'none', '-o', 'jsonpath={.status.hard.pods}'])).stdout === '0',
    );
    await apply('no-quota', { script: { inline: QUICK }, startPolicy: 'Automatic' });
    await until('the reason', async () => (await status('no-quota')).reason === 'QuotaExceeded');
    await stack.kubectl(['delete', 'quota', 'none']);
    expect(await end('no-quota')).toMatchObject({ state: 'COMPLETE' });
  });
});

describe('memory', () => {
  const EATS = 'def main():\n  eaten = []\n  while True: eaten.append(bytearray(10_000_000))';

  onRealNode('is all eaten: the kernel kills the container, or the script alone', async () => {
    await apply('oom', {
      script: { inline: EATS },
      startPolicy: 'Automatic',
      podTemplate: { resources: { limits: { memory: '64Mi' } } },
    });
    const { state, reason } = await end('oom');
    expect(state).toBe('FAILED');
    expect(['OOMKilled', 'Killed']).toContain(reason);
  });
});

it('a stop before anything was loaded', async () => {
  await apply('stopped-early', { script: { inline: QUICK }, stop: {} });
  expect(await end('stopped-early')).toMatchObject({ state: 'STOPPED', reason: 'Stopped' });
});

it('one of an exclusivity key at a time', async () => {
  const automatic = { startPolicy: 'Automatic', exclusive: 'subarray-1' };
  await apply('first', { script: { inline: ENDLESS }, ...automatic });
  await until('the first to run', async () => (await status('first')).state === 'RUNNING');
  await apply('second', { script: { inline: QUICK }, ...automatic });
  await until('the second to wait', async () => (await status('second')).reason === 'WaitingForExclusive');
  await stack.kubectl(['patch', 'procedure', 'first', '--type=merge', '-p', '{"spec":{"stop":{}}}']);
  expect(await end('first')).toMatchObject({ state: 'STOPPED' });
  expect(await end('second')).toMatchObject({ state: 'COMPLETE' });
  const times = await Promise.all(
    ['first', 'second'].map(async (name) => {
      const { stdout } = await stack.kubectl([
        'get',
        'proc',
        name,
        '-o',
        'jsonpath={.status.times.started} {.status.times.ended}',
      ]);
      return stdout.split(' ').map((time) => Date.parse(time));
    }),
  );
  const [a = [], b = []] = times.sort(([x = 0], [y = 0]) => x - y);
  expect(a[1]).toBeLessThanOrEqual(b[0] ?? 0);
});
