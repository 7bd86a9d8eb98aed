/** Volumes that are full: the script's own, the runner's temporary folder, the operator's store. */
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mountHere, mountSmall, onNodeShell, onRealNode, restore } from './harness/node.ts';
import { operatorIdles, Procedures } from './harness/procedures.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const MEGABYTE = 1_000_000;

describe('of the pod', () => {
  let stack: Stack;
  let procedures: Procedures;
  beforeAll(async () => {
    stack = await startStack();
    procedures = new Procedures(stack);
  });
  afterAll(async () => {
    await stack.kubectl(['delete', 'pv', stack.namespace, '--ignore-not-found', '--wait=false']);
    await restore();
    await stack.close();
  });

  const WRITES = `
def main():
    print("begins", flush=True)
    with open("/data/big", "wb") as file:
        while True: file.write(b"x" * 65536)
`;
  const mounted = (volume: object, mountPath = '/data'): object => ({
    podTemplate: { volumes: [{ name: 'data', ...volume }], volumeMounts: [{ name: 'data', mountPath }] },
  });
  const small = { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } };

  async function full(name: string): Promise<void> {
    const status = await procedures.end(name);
    expect(status).toMatchObject({ state: 'FAILED', reason: 'ScriptError', output: { complete: true } });
    expect(status.message).toMatch(/^OSError: \[Errno 28\] No space left on device/);
    expect(await procedures.output(name)).toMatch(/^begins\n/);
    await procedures.nothingHangs(name);
  }

  onRealNode('an emptyDir in memory: the script gets Python’s OSError', async () => {
    await procedures.run('memory', WRITES, mounted(small));
    await full('memory');
  });

  onNodeShell('a disk behind a claim: the script gets Python’s OSError', async () => {
    const folder = `/var/lib/oet-${stack.namespace}`;
    await mountSmall(folder, 4);
    const size = { storage: '4Mi' };
    const shared = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
    const claim = { claimRef: { namespace: stack.namespace, name: 'disk' }, capacity: size };
    const volume = { ...shared, ...claim, hostPath: { path: folder, type: 'Directory' } };
    await procedures.object({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: stack.namespace },
      spec: volume,
    });
    const wanted = { ...shared, volumeName: stack.namespace, resources: { requests: size } };
    await procedures.object({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'disk' },
      spec: wanted,
    });
    // A pod that asks for it sooner is put back by the scheduler, for ten seconds.
    const bound = ['wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/disk', '--timeout=240s'];
    expect(await stack.kubectl(bound)).toMatchObject({ code: 0 });
    await procedures.run('disk', WRITES, mounted({ persistentVolumeClaim: { claimName: 'disk' } }));
    await full('disk');
  });

  onRealNode('/tmp, where the runner keeps what nobody took yet: its memory does, and nothing is lost', async () => {
    const source = `
import time
def main():
    try:
        with open("/tmp/big", "wb") as file:
            while True: file.write(b"x" * 65536)
    except OSError as error: print(error.errno, flush=True)
    while not __import__("os").path.exists("/dev/shm/go"): time.sleep(0.05)
    for i in range(200_000): print("line", i, "x" * 100)
    print("end", flush=True)
    open("/dev/shm/done", "w").close()
`;
    await procedures.run('spool', source, mounted(small, '/tmp'));
    await procedures.printed('spool', '28\n');
    const pod = await procedures.pod('spool');
    await stack.operator.kill('SIGKILL');
    expect(await stack.kubectl(['exec', pod, '--', 'touch', '/dev/shm/go'])).toMatchObject({ code: 0 });
    // All of it is with the runner by then: less than a fifth goes into the log before somebody acknowledges it.
    const isDone = ['exec', pod, '--', 'test', '-e', '/dev/shm/done'];
    await until('the script to be done', async () => (await stack.kubectl(isDone)).code === 0, { everyMs: 300 });
    await stack.operator.start();
    expect(await procedures.end('spool')).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    const whole = `28\n${Array.from({ length: 200_000 }, (_, i) => `line ${i} ${'x'.repeat(100)}\n`).join('')}end\n`;
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(sum(await procedures.output('spool'))).toBe(sum(whole));
    await procedures.nothingHangs('spool');
  });
});

describe('of the operator', () => {
  const folder = `/tmp/oet-e2e-store-${process.pid}`;
  let stack: Stack | undefined;
  let unmount: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    unmount = process.env.E2E_MODE === 'chart' ? undefined : await mountHere(folder, 96);
    if (unmount) stack = await startStack({ OET_STORE: `${folder}/journal.sqlite` });
  });
  afterAll(async () => {
    await stack?.close();
    await restore();
  });

  it('the store: nothing is lost, it says so, a stop gets through, and it goes on when there is room', async () => {
    if (!stack) return console.warn('skipped: this user may not mount a small volume for the store');
    const procedures = new Procedures(stack);
    const source = `
import time
def main():
    print("up", flush=True)
    try:
        for i in range(1_000_000):
            print("line", i, "x" * 100, flush=True)
            if i % 100 == 0: time.sleep(0.03)
    finally: print("cleaned up", flush=True)
`;
    await procedures.run('full', source);
    await procedures.printed('full', /^up\n/);
    await fill(`${folder}/ballast`);
    const shown = await procedures.until('full', 'the condition', ({ conditions }) =>
      Boolean(conditions?.some(({ type }) => type === 'CaptureDegraded')),
    );
    expect(shown.conditions).toContainEqual(
      expect.objectContaining({ type: 'CaptureDegraded', status: 'True', reason: 'StoreUnavailable' }),
    );
    expect(shown.state).toBe('RUNNING');
    await procedures.run('late', 'def main(): print("taken up")');
    const late = await procedures.until('late', 'its reason', ({ reason }) => reason === 'StoreUnavailable');
    expect(late.state).toBe('CREATING');
    expect(await stack.operator.log()).toMatch(/the store did not take a batch; trying again/);

    // Asked for while nothing can be stored; the script gets it, its end is kept by the runner.
    const { id = 0 } = shown;
    const stop = ['patch', 'procedure', 'full', '--type=merge', '-p', '{"spec":{"stop":{}}}'];
    expect(await stack.kubectl(stop)).toMatchObject({ code: 0 });
    const stopping = await procedures.until('full', 'STOPPING', ({ state }) => state === 'STOPPING');
    expect(stopping).toMatchObject({ reason: 'Stopping' });

    await rm(`${folder}/ballast`);
    expect(await procedures.end('full')).toMatchObject({ state: 'STOPPED', output: { complete: true } });
    const output = await stack.rest.output(id);
    const lines = output.split('\n');
    expect(lines[0]).toBe('up');
    expect(lines.at(-2)).toBe('cleaned up');
    const numbered = lines.filter((line) => line.startsWith('line'));
    expect(numbered).toEqual(numbered.map((_, i) => `line ${i} ${'x'.repeat(100)}`));
    expect(await procedures.end('late')).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    expect(await procedures.output('late')).toBe('taken up\n');
    await procedures.nothingHangs('full');
    await operatorIdles(stack);
  });
});

/** Fills a file system through one file. */
async function fill(file: string): Promise<void> {
  for (const size of [MEGABYTE, 4_096]) {
    for (;;) {
      const error = await writeFile(file, Buffer.alloc(size), { flag: 'a' }).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      if (error === undefined) continue;
      expect(error).toMatchObject({ code: 'ENOSPC' });
      break;
    }
  }
}
