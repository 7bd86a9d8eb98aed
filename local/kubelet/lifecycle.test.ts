import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAlive, startTestNode, until, type TestNode } from './testing.ts';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(() => node.close());

const terminated = (name: string) => node.pod(name)?.status?.containerStatuses?.[0]?.state.terminated;
const waiting = (name: string) => node.pod(name)?.status?.containerStatuses?.[0]?.state.waiting;

const HANDLED = `
import os, signal, time
def stop(*_):
    print('term', flush=True)
    os._exit(7)
signal.signal(signal.SIGTERM, stop)
print('hello', flush=True)
while True: time.sleep(1)
`;
const DEAF = `import os, time; print('pid', os.getpid(), flush=True); time.sleep(100)`;

describe('a deleted pod', () => {
  it('gets SIGTERM, tells of its end, loses its log and goes', async () => {
    node.run('deleted', HANDLED);
    await node.waitLog('deleted', /hello/);
    const follow = node.follow('deleted');
    await until('the follower', () => follow.text() !== '');
    node.remove('deleted');
    await until('the end', () => terminated('deleted'));
    expect(terminated('deleted')).toMatchObject({ exitCode: 7, reason: 'Error' });
    expect(node.phase('deleted')).toBe('Failed');
    expect(await follow.done).toBe('hello\nterm\n');
    await until('gone', () => node.pod('deleted') === undefined);
    expect((await node.log('deleted')).error).toMatchObject({ code: 404 });
  });

  it('keeps its object while a finalizer holds it, but not its log', async () => {
    node.run('held', HANDLED, { finalizers: ['example.com/hold'] });
    await node.waitLog('held', /hello/);
    node.remove('held');
    await until('the end', () => terminated('held'));
    const id = node.pod('held')?.status?.containerStatuses?.[0]?.containerID;
    await until('no grace left', () => node.pod('held')?.metadata.deletionGracePeriodSeconds === 0);
    expect(await node.log('held')).toEqual({ text: `unable to retrieve container logs for ${id ?? ''}` });
  });

  it('is killed after its grace where SIGTERM has no handler, as PID 1 of a container is', async () => {
    node.run('deaf', DEAF);
    const pid = /pid (\d+)/.exec(await node.waitLog('deaf', /pid \d+/))![1]!;
    const t0 = performance.now();
    node.remove('deaf', 1);
    await until('the end', () => terminated('deaf'));
    expect(terminated('deaf')).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(performance.now() - t0).toBeGreaterThan(1900); // the least grace of a node is two seconds
    expect(isAlive(pid)).toBe(false);
  });

  it('that is gone at once has its process ended all the same', async () => {
    node.run('forced', HANDLED.replace('os._exit(7)', 'pass').replace("'hello'", "'pid', os.getpid()"));
    const pid = /pid (\d+)/.exec(await node.waitLog('forced', /pid \d+/))![1]!;
    node.storage.delete('pods', 'test', 'forced');
    await until('its process to end', () => !isAlive(pid));
  });

  it('that waits for an image goes', async () => {
    node.run('waits', '', { container: { image: 'does-not-exist' } });
    await until('the image error', () => waiting('waits'));
    node.remove('waits');
    await until('gone', () => node.pod('waits') === undefined);
  });
});

describe('everything in a container', () => {
  it.each([
    ['a child in its group', `subprocess.Popen(['sleep', '1000'])`],
    ['a child in a session of its own', `subprocess.Popen(['sleep', '1000'], start_new_session=True)`],
    ['an orphan with its environment gone', `subprocess.run(['sh', '-c', 'env -i setsid sleep 1000 & echo $! > pid'])`],
  ])('ends with its first process: %s', async (what, statement) => {
    const name = what.replaceAll(' ', '-');
    const source = `
import os, subprocess, sys, time

p = ${statement}
pid = p.pid if isinstance(p, subprocess.Popen) else int(open('pid').read())
print('pid', pid, flush=True)
sys.stdin.readline()
os._exit(0)
`;
    node.run(name, source);
    const pid = /pid (\d+)/.exec(await node.waitLog(name, /pid \d+/))![1]!;
    expect(isAlive(pid)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, what.includes('environment') ? 5000 : 0)); // the runtime looks once a second
    node.attach(name).send('\n');
    await until('the end', () => node.phase(name) === 'Succeeded');
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a pod that cannot run', () => {
  it.each([
    ['a missing image', { image: 'does-not-exist:1' }, { reason: 'ErrImagePull' }],
    [
      'an image that is never pulled',
      { image: 'does-not-exist:1', imagePullPolicy: 'Never' },
      { reason: 'ErrImageNeverPull' },
    ],
    [
      'a missing Secret',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }] },
      { reason: 'CreateContainerConfigError', message: 'secret "no" not found' },
    ],
    [
      'an image of root',
      { securityContext: { runAsNonRoot: true } },
      {
        reason: 'CreateContainerConfigError',
        message: expect.stringMatching(/^container has runAsNonRoot and image will run as root/),
      },
    ],
    [
      'a missing ConfigMap',
      { envFrom: [{ configMapRef: { name: 'no' } }] },
      { reason: 'CreateContainerConfigError', message: 'configmap "no" not found' },
    ],
  ])('waits: %s', async (what, container, expected) => {
    const name = what.replaceAll(' ', '-').toLowerCase();
    node.run(name, '', { container });
    await until('the reason', () => waiting(name)?.reason !== 'ContainerCreating' && waiting(name));
    expect(waiting(name)).toMatchObject(expected);
    expect(node.phase(name)).toBe('Pending');
    expect((await node.log(name)).error?.message).toMatch(/^container "main" in pod ".*" is waiting to start: /);
  });

  it('starts once its Secret is there', async () => {
    node.run('patient', '', {
      container: {
        command: ['sh', '-c', 'echo $A'],
        env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'late', key: 'k' } } }],
      },
    });
    await until('the reason', () => waiting('patient')?.reason === 'CreateContainerConfigError');
    node.storage.create('secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'late', namespace: 'test' },
      data: { k: 'djE=' },
    });
    await until('the end', () => node.phase('patient') === 'Succeeded');
    expect((await node.log('patient')).text).toBe('v1\n');
  });

  it('tells of a program that is not there', async () => {
    node.run('nope', '', { container: { command: ['nope'] } });
    await until('the end', () => node.phase('nope') === 'Failed');
    expect(terminated('nope')).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      startedAt: '1970-01-01T00:00:00Z',
    });
    expect(terminated('nope')?.message).toContain('exec: "nope": executable file not found in $PATH');
    expect(await node.log('nope')).toEqual({ text: '' });
  });

  it('is refused with a volume', async () => {
    node.run('mounts', '', { container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] } });
    await until('the refusal', () => node.phase('mounts') === 'Failed');
    expect(node.pod('mounts')?.status).toMatchObject({
      reason: 'NotSupported',
      message: expect.stringContaining('/scratch'),
    });
  });

  it('stays unscheduled where no node fits', async () => {
    node.run('nowhere', '', { spec: { nodeSelector: { no: 'where' } } });
    await until('the condition', () => node.pod('nowhere')?.status?.conditions?.[0]);
    expect(node.pod('nowhere')?.status?.conditions?.[0]).toMatchObject({
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
    });
    expect(
      node.kubelet.attachPrecheck('test', 'nowhere', { stdin: true, stdout: false, stderr: false, tty: false }),
    ).toEqual({
      code: 400,
      message: 'pod nowhere does not have a host assigned',
    });
  });
});

describe('a pod that ends in its own way', () => {
  it('leaves a termination message', async () => {
    node.run('message', 'import os; open(os.environ["OET_TERMINATION_LOG"], "w").write("why\\n")');
    await until('the end', () => node.phase('message') === 'Succeeded');
    expect(terminated('message')?.message).toBe('why\n');
  });

  it('has the end of its log as the message, if it wants that', async () => {
    node.run('fallback', 'print("1\\n2"); raise SystemExit("bad")', {
      container: { terminationMessagePolicy: 'FallbackToLogsOnError' },
    });
    await until('the end', () => node.phase('fallback') === 'Failed');
    expect(terminated('fallback')?.message).toBe('1\n2\nbad\n');
  });

  it('is stopped at its deadline', async () => {
    let ahead = 0;
    const clocked = await startTestNode({ now: () => performance.timeOrigin + performance.now() + ahead });
    try {
      clocked.run('late', HANDLED, { spec: { activeDeadlineSeconds: 1000 } });
      await clocked.waitLog('late', /hello/); // its handler is there: a signal before that is dropped, as for any PID 1
      ahead = 1_000_000;
      await until('the end', () => clocked.phase('late') === 'Failed');
      expect(clocked.pod('late')?.status).toMatchObject({
        reason: 'DeadlineExceeded',
        containerStatuses: [{ state: { terminated: { exitCode: 7 } } }],
      });
    } finally {
      await clocked.close();
    }
  });

  it('is killed when it takes more memory than its limit', async () => {
    node.run('greedy', 'x = bytearray(200 * 2**20); import time; time.sleep(100)', {
      container: { resources: { limits: { memory: '100Mi' } } },
    });
    await until('the end', () => node.phase('greedy') === 'Failed');
    expect(terminated('greedy')).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  it('starts again once, however often it is looked at meanwhile', async () => {
    const eager = await startTestNode({ knobs: { tickMs: 1, restartBackoffMs: 0 } });
    const folder = await mkdtemp(join(tmpdir(), 'oet-runs-'));
    try {
      // Each run is over when the next one begins; the fifth is content.
      const source = `
import os, sys, time
path = ${JSON.stringify(join(folder, 'runs'))}
with open(path, 'a') as runs: runs.write('begin\\n')
time.sleep(0.05)
with open(path, 'a') as runs: runs.write('end\\n')
sys.exit(open(path).read().count('end') < 5)`;
      eager.run('again', source, { spec: { restartPolicy: 'OnFailure' } });
      await until('the end', () => eager.phase('again') === 'Succeeded');
      expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('begin\nend\n'.repeat(5));
    } finally {
      await eager.close();
      await rm(folder, { recursive: true });
    }
  });

  it('starts again where its restartPolicy says so, with the log of the run before', async () => {
    node.run('again', 'print("run"); raise SystemExit(1)', { spec: { restartPolicy: 'OnFailure' } });
    await until(
      'the second restart',
      () => (node.pod('again')?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2,
    );
    expect(node.pod('again')?.status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({ exitCode: 1 });
    expect((await node.log('again', { previous: true })).text).toBe('run\n');
    node.remove('again');
    await until('gone', () => node.pod('again') === undefined);
  });
});
