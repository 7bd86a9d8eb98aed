import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage, type Storage } from '../apiserver/storage.ts';
import { PODS, type Pod } from './pod.ts';
import { runtimeAddress, type ContainerRecord } from './runtime.ts';
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

  it('hears of an end that is told together with what there is', async () => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const { server, pod } = await fakeRuntime();
    try {
      const second = await start();
      await until('the end', () => second.phase(pod) === 'Failed');
      expect(second.pod(pod)?.status?.containerStatuses?.[0]?.state.terminated).toMatchObject({ exitCode: 5 });
      expect((await second.log(pod)).text).toBe('last words\n');
      await second.close();
    } finally {
      server.close();
    }
  });

  it.each([
    ['the beginning of a line', "sys.stdout.write('half '); sys.stdout.flush()", 0],
    // More than fits into the pipe, so that it was read; the client takes nothing after the first.
    ['what a slow client holds up', "print('start', flush=True); input(); print('x' * 100_000)", 1e9],
  ])('has in its log what was read before it went: %s', async (_what, output, stalled) => {
    folder = mkdtempSync(join(tmpdir(), 'oet-adopt-'));
    storage = openStorage();
    const first = await start();
    const marker = join(folder, 'written');
    first.run('read', `import sys; input(); ${output}; open(${JSON.stringify(marker)}, 'w'); input(); print('done')`);
    await until('running', () => first.phase('read') === 'Running');
    const attach = first.attach('read', { stdout: true });
    attach.stall(stalled);
    attach.send('\n');
    await until('some output', () => attach.text(1) !== '');
    attach.send('\n'.repeat(stalled > 0 ? 1 : 0));
    await until('all of it', () => existsSync(marker));
    await first.kubelet.close('detach');

    const second = await start();
    second.attach('read').send('\n');
    await until('the end', () => second.phase('read') === 'Succeeded');
    const expected = stalled > 0 ? `start\n${'x'.repeat(100_000)}\ndone\n` : 'half done\n';
    expect((await second.log('read')).text === expected).toBe(true);
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

/** A runtime with one container, whose end it tells in one message with the list that has it running; and the pod of it. */
async function fakeRuntime(): Promise<{ server: Server; pod: string }> {
  const container = { name: 'main', image: 'python:3' };
  const pod = storage.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'told', namespace: 'test' },
    spec: { nodeName: 'local', restartPolicy: 'Never', containers: [container] },
    status: { phase: 'Running' },
  }) as Pod;
  const labels = { uid: pod.metadata.uid ?? '', container: 'main', restarts: '0' };
  const started = Date.now() * 1e6;
  const running: ContainerRecord = {
    ...{ name: 'c'.repeat(64), labels, pid: 1, started },
    ...{ code: null, finished: null, oom: false, unread: 0 },
  };
  const pipes = join(folder, 'runtime', 'containers', running.name);
  mkdirSync(pipes, { recursive: true });
  const held = ['1', '2'].map((number) => {
    execFileSync('mkfifo', [join(pipes, number)]);
    return openSync(join(pipes, number), 'r+');
  });
  writeSync(held[0]!, 'last words\n');
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { id, do: what } = JSON.parse(line) as { id: number; do: string };
        const end = { ...running, event: 'exit', code: 5, finished: started + 1e9 };
        if (what === 'list') {
          socket.write(`${JSON.stringify({ id, containers: [running] })}\n${JSON.stringify(end)}\n`);
        } else if (what === 'shutdown') socket.end();
        else socket.write(`${JSON.stringify({ id })}\n`);
        if (what === 'release') for (const fd of held.splice(0)) closeSync(fd);
      }
    });
  });
  const address = runtimeAddress(join(folder, 'runtime'));
  await new Promise<void>((resolve) => server.listen(address, resolve));
  return { server, pod: 'told' };
}
