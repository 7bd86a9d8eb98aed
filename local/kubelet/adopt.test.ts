import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage, type Storage } from '../apiserver/storage.ts';
import { isAlive, startTestNode, until, type TestNode } from './testing.ts';

const ECHO = `
import os, sys

print('pid', os.getpid(), flush=True)
for line in sys.stdin:
    print('got', line.strip(), flush=True)
    if line == 'end\\n': sys.exit(5)
`;

let storage: Storage;
let folder: string;
let node: TestNode | undefined;

/** A node on a folder that stays, and the store of the node before. */
async function start(): Promise<TestNode> {
  node = await startTestNode({ dataDir: folder }, storage);
  return node;
}
afterEach(async () => {
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a kubelet that comes back', () => {
  it('goes on with a container that ran on: same process, its stdin open, its output whole', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const first = await start();
    first.run('lives', ECHO);
    const before = await first.waitLog('lives', /pid \d+\n/);
    await until('running', () => first.phase('lives') === 'Running');
    const attach = first.attach('lives');
    attach.send('while gone\n');
    await new Promise((resolve) => setImmediate(resolve));
    await first.kubelet.close('detach');

    const second = await start();
    await second.waitLog('lives', /while gone/);
    second.attach('lives').send('back\n');
    expect(await second.waitLog('lives', /back/)).toBe(`${before}got while gone\ngot back\n`);
    expect(second.pod('lives')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    second.attach('lives').send('end\n');
    await until('the end', () => second.phase('lives') === 'Failed');
    expect(second.pod('lives')?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({ exitCode: 5 });
  });

  it('tells of a container that ended meanwhile, with its code and its last output', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const first = await start();
    first.run('ended', ECHO);
    const pid = /pid (\d+)/.exec(await first.waitLog('ended', /pid \d+/))![1]!;
    await until('running', () => first.phase('ended') === 'Running');
    first.attach('ended').send('end\n');
    await first.kubelet.close('detach');
    await until('its end', () => !isAlive(pid));

    const second = await start();
    await until('the end', () => second.phase('ended') === 'Failed');
    expect(second.pod('ended')?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({ exitCode: 5 });
    expect((await second.log('ended')).text).toMatch(/got end\n$/);
  });

  it('tells of a container that it cannot find any more, and starts what was never started', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const first = await start();
    first.run('lost', ECHO);
    await until('running', () => first.phase('lost') === 'Running');
    await first.kubelet.close('stop');
    first.run('new', 'print("hello")');

    const second = await start();
    await until('the end', () => second.phase('lost') === 'Failed');
    expect(second.pod('lost')?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
    });
    await until('the end of the other', () => second.phase('new') === 'Succeeded');
  });

  it('kills what belongs to no pod', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const first = await start();
    first.run('stray', ECHO);
    const pid = /pid (\d+)/.exec(await first.waitLog('stray', /pid \d+/))![1]!;
    await first.kubelet.close('detach');
    storage = openStorage();
    await start();
    await until('its end', () => !isAlive(pid));
  });

  it('ends what ran when the runtime is killed, and goes on with another one', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    node = await startTestNode({ dataDir: folder, onError: () => undefined }, storage);
    const it = node;
    it.run('orphaned', ECHO);
    const pid = /pid (\d+)/.exec(await it.waitLog('orphaned', /pid \d+/))![1]!;
    await until('running', () => it.phase('orphaned') === 'Running');
    const parent = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]!;
    process.kill(Number(parent), 'SIGKILL');
    await until('the end', () => it.phase('orphaned') === 'Failed');
    expect(it.pod('orphaned')?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({
      reason: 'ContainerStatusUnknown',
    });
    expect(isAlive(pid)).toBe(false);
    it.run('next', 'print("hello")');
    await until('the end of the next', () => it.phase('next') === 'Succeeded');
  });
});
