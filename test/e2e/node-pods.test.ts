/** What a real node, its kubelet and its scheduler do to the pod of a run. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED, later, onRealNode, restore } from './harness/node.ts';
import { errorsOf, operatorIdles, Procedures, STATES_TO_MAIN } from './harness/procedures.ts';
import { ENDLESS } from './harness/scripts.ts';
import { startStack, type Stack } from './harness/stack.ts';

let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  stack = await startStack();
  procedures = new Procedures(stack);
  // The kubelet measures volumes once a minute: begun first, looked at last.
  if (!EMBEDDED)
    await procedures.run('evicted', FILLS, {
      podTemplate: {
        volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    });
});
afterAll(async () => {
  await restore();
  await stack.close();
});

const FILLS = `
import time
def main():
    with open("/data/big", "wb") as file: file.write(b"x" * 4_000_000)
    print("written", flush=True)
    while True: time.sleep(0.05)
`;
const states = (history: readonly { readonly state: string }[] | undefined) => history?.map(({ state }) => state);

describe('ended by the kubelet', () => {
  onRealNode('activeDeadlineSeconds, set on the pod while it runs', async () => {
    await procedures.run('active', ENDLESS);
    await procedures.printed('active', 'up\n');
    const patch = ['patch', 'pod', await procedures.pod('active'), '-p', '{"spec":{"activeDeadlineSeconds":1}}'];
    expect(await stack.kubectl(patch)).toMatchObject({ code: 0 });
    const status = await procedures.end('active');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'DeadlineExceeded', output: { complete: true } });
    expect(status.message).toMatch(/Pod was active on the node longer than the specified deadline/);
    expect(states(status.history)).toEqual([...STATES_TO_MAIN, 'STOPPING', 'FAILED']);
    expect(await procedures.output('active')).toBe('up\ncleaned up\n');
    await procedures.nothingHangs('active');
  });
});

describe('deleted by hand', () => {
  const deletePod = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const args = ['delete', 'pod', await procedures.pod(name), '--wait=false', ...flags];
    expect(await stack.kubectl(args)).toMatchObject({ code: 0 });
  };

  it('the script cleans up, and all it said is kept', async () => {
    await procedures.run('deleted', ENDLESS);
    await procedures.printed('deleted', 'up\n');
    await deletePod('deleted');
    const status = await procedures.end('deleted');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'PodDeleted', output: { complete: true } });
    expect(states(status.history)).toEqual([...STATES_TO_MAIN, 'STOPPING', 'FAILED']);
    expect(await procedures.output('deleted')).toBe('up\ncleaned up\n');
    await procedures.nothingHangs('deleted');
  });

  onRealNode('with force: nobody saw it end, and nothing is claimed', async () => {
    await procedures.run('forced', ENDLESS);
    await procedures.printed('forced', 'up\n');
    await deletePod('forced', '--force', '--grace-period=0');
    const status = await procedures.end('forced');
    expect(status).toMatchObject({ state: 'UNKNOWN', reason: 'PodLost', output: { complete: false } });
    expect(states(status.history)?.slice(0, STATES_TO_MAIN.length)).toEqual(STATES_TO_MAIN);
    expect(await procedures.output('forced')).toMatch(/^up\n(cleaned up\n)?$/);
    await procedures.nothingHangs('forced');
  });
});

describe('not started', () => {
  onRealNode('its node takes no new pods, until it does again', async () => {
    const nodes = (await stack.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'])).stdout.split(' ');
    for (const node of nodes) await stack.kubectl(['cordon', node]);
    const uncordon = later(async () => {
      for (const node of nodes) await stack.kubectl(['uncordon', node]);
    });
    await procedures.run('cordoned', 'def main(): print("at last")');
    const waits = await procedures.until('cordoned', 'its reason', ({ reason }) => reason === 'Unschedulable');
    expect(waits).toMatchObject({ state: 'CREATING' });
    expect(waits.message).toMatch(/unschedulable/);
    expect(waits.conditions).toContainEqual(
      expect.objectContaining({ type: 'Reconciling', status: 'True', reason: 'Unschedulable' }),
    );
    await uncordon();
    expect(await procedures.end('cordoned')).toMatchObject({ state: 'COMPLETE', reason: 'Completed' });
    expect(await procedures.output('cordoned')).toBe('at last\n');
  });

  /** A python3 of the user's own, found before the image's: a folder of tools that is mounted, put first in PATH. */
  async function withPython(name: string, text: string | undefined, deadlines: object = {}): Promise<void> {
    const data = text === undefined ? { other: '' } : { python3: text };
    await procedures.object({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
    await procedures.run(name, 'def main(): pass', {
      deadlines,
      podTemplate: {
        env: [{ name: 'PATH', value: text === undefined ? '/tools' : '/tools:/usr/bin:/bin' }],
        volumes: [{ name: 'tools', configMap: { name, defaultMode: 0o755 } }],
        volumeMounts: [{ name: 'tools', mountPath: '/tools' }],
      },
    });
  }

  onRealNode('a runner that never answers', async () => {
    await withPython('silent', '#!/bin/sh\nexec sleep 1000\n', { prepareSeconds: 3 });
    const status = await procedures.end('silent');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'DeadlineExceeded' });
    expect(status.message).toBe('not READY within deadlines.prepareSeconds (3 s)');
    expect(states(status.history)).toEqual(['CREATING', 'FAILED']);
    await procedures.nothingHangs('silent');
  });

  onRealNode('a runner that ends at once', async () => {
    await withPython('ends', '#!/bin/sh\necho not a Python >&2\nexit 3\n');
    const status = await procedures.end('ends');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'RunnerFailed', exitCode: 3 });
    expect(status.message).toBe('the container ended before the runner was loaded, exit code 3');
  });

  onRealNode('an image without Python', async () => {
    await withPython('none', undefined);
    const status = await procedures.end('none');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'StartError' });
    expect(status.message).toMatch(/python3/);
  });
});

describe('SIGTERM', () => {
  it('from within, to PID 1: a stop that nobody explains', async () => {
    const source = `
import os, time
def main():
    print("up", flush=True)
    try:
        os.kill(os.getppid(), 15)
        while True: time.sleep(0.05)
    finally:
        print("cleaned up", flush=True)
`;
    await procedures.run('interrupted', source);
    const status = await procedures.end('interrupted');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'Interrupted', output: { complete: true } });
    expect(await procedures.output('interrupted')).toBe('up\ncleaned up\n');
  });
});

describe('evicted by the kubelet', () => {
  onRealNode('more written into an emptyDir than its sizeLimit', async () => {
    const status = await procedures.end('evicted');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'Evicted' });
    expect(status.message).toMatch(/Usage of EmptyDir volume "data" exceeds the limit "1Mi"/);
    expect(states(status.history)?.slice(0, STATES_TO_MAIN.length)).toEqual(STATES_TO_MAIN);
    expect(await procedures.output('evicted')).toBe('written\n');
    await procedures.nothingHangs('evicted');
  });
});

it('the operator has nothing left to do, and logged no error', async () => {
  await operatorIdles(stack);
  expect(await errorsOf(stack.operator)).toEqual([]);
});
