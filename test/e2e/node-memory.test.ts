/** The kernel kills for memory: the script alone, or the whole container with its PID 1. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { onRealNode } from './harness/node.ts';
import { operatorIdles, Procedures, STATES_TO_MAIN } from './harness/procedures.ts';
import { startStack, type Stack } from './harness/stack.ts';

let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  stack = await startStack();
  procedures = new Procedures(stack);
});
afterAll(() => stack.close());

const limits = (memory: string): object => ({ podTemplate: { resources: { limits: { memory } } } });

describe('out of memory', () => {
  /** Python's own: by far the largest of the container. */
  const EATS = `
import os, time
def main():
    print("cgroup v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "cgroup v1", flush=True)
    time.sleep(3)
    eaten = []
    while True: eaten.append(bytearray(10_000_000))
`;
  /** The memory is no process's own, and what fills it is smaller than PID 1: the kernel picks that, and all others go with it. */
  const FILLS = `
import os, time
def main():
    print("up to here", flush=True)
    time.sleep(3)
    os.execvp("dd", ["dd", "if=/dev/zero", "of=/dev/shm/x", "bs=65536"])
`;

  onRealNode('the script alone, where the kernel picks it: PID 1 tells', async () => {
    await procedures.run('eats', EATS, limits('64Mi'));
    const status = await procedures.end('eats');
    const output = await procedures.output('eats');
    expect(status).toMatchObject({ state: 'FAILED' });
    expect(status.history?.map(({ state }) => state)).toEqual([...STATES_TO_MAIN, 'FAILED']);
    if (output === 'cgroup v1\n') {
      expect(status).toMatchObject({ reason: 'Killed', signal: 9, output: { complete: true } });
      expect(status.message).toMatch(/killed by signal 9 \(SIGKILL\)/);
    } else {
      // The kubelet has the whole group killed.
      expect(output).toBe('cgroup v2\n');
      expect(status).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    }
    await procedures.nothingHangs('eats');
  });

  onRealNode('the whole container: the container’s status tells, and the output up to there is kept', async () => {
    await procedures.run('fills', FILLS, limits('40Mi'));
    const status = await procedures.end('fills');
    expect(status).toMatchObject({ state: 'FAILED', reason: 'OOMKilled', exitCode: 137, signal: 9 });
    expect(status.message).toBe('the container ran out of memory');
    expect(status.output).toMatchObject({ complete: false });
    expect(status.history?.map(({ state }) => state)).toEqual([...STATES_TO_MAIN, 'FAILED']);
    expect(await procedures.output('fills')).toBe('up to here\n');
    await procedures.nothingHangs('fills');
  });
});

onRealNode('the operator has nothing left to do', () => operatorIdles(stack));
