/** Watches that the API server expires (410) or that fall silent, against the real API server behind a proxy. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kubectlPath } from '../../tools/kubectl.ts';
import { ApiProxy } from './harness/api-proxy.ts';
import { errorsOf, operatorIdles, Procedures } from './harness/procedures.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let proxy: ApiProxy;
let folder: string;
let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  proxy = await ApiProxy.start(await kubectlPath());
  folder = await mkdtemp(path.join(tmpdir(), 'oet-e2e-proxy-'));
  await writeFile(path.join(folder, 'kubeconfig'), proxy.kubeconfig);
  stack = await startStack({ KUBECONFIG: path.join(folder, 'kubeconfig') });
  procedures = new Procedures(stack);
});
afterAll(async () => {
  await stack.close();
  await proxy.close();
  await rm(folder, { recursive: true, force: true });
});

describe('expired watches (410 within an open stream)', () => {
  it('that had told nothing for a while: what was missed is found by listing', async () => {
    // The operator's two and the API's.
    await until('the watches', () => proxy.deafen() >= 3);
    await procedures.run('missed', 'def main(): print("seen after all")');
    const lists = proxy.lists.length;
    const expired = proxy.expire();
    expect(await procedures.end('missed')).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    expect(await procedures.output('missed')).toBe('seen after all\n');
    // Each watch lists once, and none of them goes round in circles.
    await until('the lists', () => proxy.lists.length - lists >= expired);
    expect(proxy.lists.length - lists).toBe(expired);
  });

  it('again and again while a script prints', async () => {
    const source =
      'import time\ndef main():\n  for i in range(1000):\n    print("line", i, flush=True)\n    time.sleep(0.003)';
    await procedures.run('prints', source);
    for (let line = 100; line <= 900; line += 200) {
      await procedures.printed('prints', new RegExp(`^line ${line}$`, 'm'));
      proxy.expire();
    }
    const status = await procedures.end('prints');
    expect(status).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    expect(await procedures.output('prints')).toBe(Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join(''));
    expect(status.history?.filter(({ state }) => state === 'RUNNING')).toHaveLength(1);
    await procedures.nothingHangs('prints');
  });

  it('between a stop and its end', async () => {
    await procedures.run(
      'stopped',
      'import time\ndef main():\n  print("up", flush=True)\n  while True: time.sleep(0.02)',
    );
    await procedures.printed('stopped', 'up\n');
    proxy.deafen();
    await stack.kubectl(['patch', 'procedure', 'stopped', '--type=merge', '-p', '{"spec":{"stop":{}}}']);
    proxy.expire();
    expect(await procedures.end('stopped')).toMatchObject({ state: 'STOPPED', reason: 'Stopped' });
    await procedures.nothingHangs('stopped');
  });
});

it('the operator has nothing left to do, and nobody logged an error', async () => {
  await operatorIdles(stack);
  for (const part of [stack.operator, stack.api]) expect(await errorsOf(part)).toEqual([]);
});
