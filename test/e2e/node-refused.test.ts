/** Pods that the API server, the kubelet or a name keep from being: each with its reason. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onRealNode } from './harness/node.ts';
import { operatorIdles, Procedures } from './harness/procedures.ts';
import { startStack, type Stack } from './harness/stack.ts';

let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  stack = await startStack();
  procedures = new Procedures(stack);
});
afterAll(() => stack.close());

const QUICK = 'def main(): pass';

describe('a pod that is refused', () => {
  it('for good: its container mounts a volume that it has not', async () => {
    await procedures.run('invalid', QUICK, { podTemplate: { volumeMounts: [{ name: 'none', mountPath: '/data' }] } });
    const status = await procedures.end('invalid');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'InvalidPod' });
    expect(status.message).toMatch(/volumeMounts\[0\]\.name: Not found: "none"/);
  });

  onRealNode('until its service account is there, which does not come', async () => {
    const spec = { podTemplate: { serviceAccountName: 'not-there' }, deadlines: { prepareSeconds: 10 } };
    await procedures.run('no-account', QUICK, spec);
    const waits = await procedures.until('no-account', 'its reason', ({ reason }) => reason === 'Forbidden');
    expect(waits.message).toMatch(/service account .*not-there/);
    expect(await procedures.end('no-account')).toMatchObject({ state: 'FAILED', reason: 'Forbidden' });
  });

  it('because its name belongs to somebody else', async () => {
    await stack.operator.kill('SIGKILL');
    await procedures.run('taken', QUICK);
    const uid = (await stack.kubectl(['get', 'procedure', 'taken', '-o', 'jsonpath={.metadata.uid}'])).stdout;
    const containers = [{ name: 'main', image: 'localhost/not-there:1', imagePullPolicy: 'Never' }];
    const name = `taken-${uid.slice(0, 8)}`;
    await procedures.object({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } });
    await stack.operator.start();
    const status = await procedures.end('taken');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'NameConflict' });
    // What is somebody else's stays.
    expect((await stack.kubectl(['get', 'pod', name, '-o', 'name'])).stdout.trim()).toBe(`pod/${name}`);
  });
});

describe('an image', () => {
  onRealNode.each([
    ['that is not there and may not be pulled', 'localhost/not-there:1', 'ErrImageNeverPull'],
    ['whose name is none', 'localhost/UPPER:1', 'InvalidImageName'],
  ])('%s', async (_, image, reason) => {
    const name = reason.toLowerCase();
    await procedures.run(name, QUICK, { environment: { image }, podTemplate: { imagePullPolicy: 'Never' } });
    expect(await procedures.end(name)).toMatchObject({ state: 'FAILED', reason });
  });
});

it('none of them keeps another run from working, and the operator has nothing left to do', async () => {
  await procedures.nothingHangs('none-such');
  await operatorIdles(stack);
});
