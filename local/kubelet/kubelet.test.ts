import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNode, until, type TestNode } from './testing.ts';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(() => node.close());

const ECHO = `
import sys

print('hello', flush=True)
for line in sys.stdin: print('got', line.strip(), flush=True)
`;

describe('a pod', () => {
  it('runs to its end, with the statuses of a real node in order', async () => {
    const phases: string[] = [];
    const stop = node.storage.subscribe(({ gvr, object }) => {
      if (gvr === 'pods' && object.metadata.name === 'ends') {
        const { phase, containerStatuses } = (
          object as unknown as { status: { phase: string; containerStatuses?: { state: object }[] } }
        ).status;
        phases.push([phase, ...Object.keys(containerStatuses?.[0]?.state ?? {})].join(' '));
      }
    });
    node.run('ends', 'print("out"); input()');
    await until('running', () => node.phase('ends') === 'Running');
    node.attach('ends').send('\n');
    await until('the end', () => node.phase('ends') === 'Succeeded');
    stop();
    expect(phases).toEqual([
      'Pending',
      'Pending',
      'Pending waiting',
      'Running running',
      'Running terminated',
      'Succeeded terminated',
    ]);
    expect((await node.log('ends')).text).toBe('out\n');
  });

  it.each([
    ['an exit code', 'raise SystemExit(3)', { exitCode: 3, reason: 'Error' }],
    ['a signal', 'import os; os.kill(os.getpid(), 11)', { exitCode: 139, reason: 'Error' }],
  ])('tells %s', async (what, source, expected) => {
    const name = what.replaceAll(' ', '-');
    node.run(name, source);
    await until('the end', () => node.phase(name) === 'Failed');
    expect(node.pod(name)?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject(expected);
  });

  it('answers over an attach and in its log', async () => {
    node.run('echo', ECHO);
    await node.waitLog('echo', /hello/);
    const attach = node.attach('echo', { stdout: true });
    attach.send('one\n');
    await until('the answer', () => attach.text(1).includes('got one\n'));
    expect(attach.text(1)).toBe('got one\n'); // no history
    expect((await node.log('echo')).text).toBe('hello\ngot one\n');
    attach.close();
    const again = node.attach('echo', { stdout: true });
    again.send('two\n');
    await until('the answer', () => again.text(1) === 'got two\n');
  });
});
