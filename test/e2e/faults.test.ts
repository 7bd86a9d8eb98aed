/** What the cluster and the processes of the product do to a run: the output stays whole, the script runs once, nothing hangs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { numbered, waiting } from './harness/scripts.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const LINES = 3_000;
const { source: PRINTS, whole: WHOLE } = numbered(LINES, 0.001);

const podOf = async (id: number): Promise<string> =>
  (await stack.kubectl(['get', 'pods', '-l', `oet.skao.int/id=${id}`, '-o', 'jsonpath={.items[0].metadata.name}']))
    .stdout;

describe('killed in the middle of the output', () => {
  it.each(['operator', 'api'] as const)('%s, and started again', async (which) => {
    const { rest } = stack;
    const id = await rest.run(PRINTS);
    for (let round = 1; round <= 2; round++) {
      const some = (round * LINES * 110) / 4;
      await until('some output', async () => (await rest.output(id)).length > some);
      await stack[which].kill('SIGKILL');
      await stack[which].start();
    }
    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe(WHOLE);
    expect((await rest.get(id)).history.process_states.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
  });

  it('the operator, between creation and READY', async () => {
    const { rest } = stack;
    const ids = await Promise.all(Array.from({ length: 3 }, () => rest.create('def main(): print("once")')));
    await stack.operator.kill('SIGKILL');
    await stack.operator.start();
    for (const id of ids) {
      await rest.state(id, 'READY');
      await rest.start(id);
      await rest.state(id, 'COMPLETE');
      expect(await rest.output(id)).toBe('once\n');
    }
  });

  it('the operator, while the script goes on to its end', async () => {
    const { rest } = stack;
    const { source, goOn } = waiting(stack, 'before', 'print("after")');
    const id = await rest.run(source);
    await until('its first line', async () => (await rest.output(id)) === 'before\n');
    await stack.operator.kill('SIGKILL');
    const name = await podOf(id);
    expect(name).not.toBe('');
    // The script ends while nobody listens; its runner waits with what it has.
    await goOn(name);
    await until('the end in the pod’s log', async () =>
      (await stack.kubectl(['logs', name])).stdout.includes('"k":"end"'),
    );
    await stack.operator.start();
    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe('before\nafter\n');
  });
});

describe('the pod', () => {
  it.each([
    ['deleted by hand', [], ['FAILED'], 'PodDeleted'],
    ['deleted by hand with force', ['--force', '--grace-period=0'], ['UNKNOWN', 'FAILED'], /PodLost|PodDeleted/],
  ] as const)('%s', async (_, flags, states, reason) => {
    const { rest, kubectl } = stack;
    const id = await rest.run('import time\ndef main():\n  print("up", flush=True)\n  while True: time.sleep(0.05)');
    await until('its first line', async () => (await rest.output(id)) === 'up\n');
    await kubectl(['delete', 'pod', await podOf(id), '--wait=false', ...flags]);
    const summary = await rest.state(id, ...states);
    expect(summary.reason).toMatch(reason);
  });

  it('has an image that cannot be pulled', async () => {
    const { rest, kubectl } = stack;
    const manifest = JSON.stringify({
      apiVersion: 'oet.skao.int/v1alpha1',
      kind: 'Procedure',
      metadata: { name: 'bad-image' },
      spec: { script: { inline: 'def main(): pass' }, environment: { image: 'localhost/does-not-exist:1' } },
    });
    expect(await kubectl(['apply', '-f', '-'], manifest)).toMatchObject({ code: 0 });
    const status = async () =>
      JSON.parse((await kubectl(['get', 'procedure', 'bad-image', '-o', 'json'])).stdout) as {
        status: { state: string; reason: string; id?: number };
      };
    await until('the reason to be shown', async () => (await status()).status.reason === 'ImagePullBackOff');
    await until('the end', async () => (await status()).status.state === 'FAILED');
    expect((await status()).status.reason).toBe('ImagePullBackOff');
    expect((await rest.get((await status()).status.id ?? 0)).state).toBe('FAILED');
  });

  it('is evicted by a drain', async () => {
    const { rest, kubectl } = stack;
    const id = await rest.run(
      'import time\ndef main():\n  print("up", flush=True)\n  try:\n    while True: time.sleep(0.05)\n  finally:\n    print("cleaned up", flush=True)',
    );
    await until('its first line', async () => (await rest.output(id)) === 'up\n');
    const name = await podOf(id);
    const node = (await kubectl(['get', 'pod', name, '-o', 'jsonpath={.spec.nodeName}'])).stdout;
    try {
      const drained = await kubectl([
        'drain',
        node,
        '--pod-selector',
        `oet.skao.int/id=${id}`,
        '--force',
        '--ignore-daemonsets',
        '--timeout=240s',
      ]);
      expect(drained).toMatchObject({ code: 0 });
    } finally {
      await kubectl(['uncordon', node]);
    }
    const summary = await rest.state(id, 'FAILED');
    expect(summary.reason).toBe('EvictionByEvictionAPI');
    expect(await rest.output(id)).toBe('up\ncleaned up\n');
  });
});

it('the processes logged no error', async () => {
  for (const service of [stack.operator, stack.api]) {
    const lines = (await service.log()).split('\n').filter((line) => line.startsWith('{'));
    const errors = lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
    expect(errors).toEqual([]);
  }
});
