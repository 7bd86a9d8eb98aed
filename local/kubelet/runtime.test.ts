import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRuntime, runtimeAddress, type ContainerRecord, type Runtime } from './runtime.ts';
import { isAlive, until } from './testing.ts';

let folder: string;
let runtime: Runtime;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oet-runtime-'));
  runtime = await openRuntime({ folder, python: 'python3' });
});
afterEach(async () => {
  await runtime.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a container with a second process, whose end takes the kernel some time: it has much memory to give back. */
async function startPair(): Promise<{ record: ContainerRecord; pids: string[] }> {
  const path = join(folder, 'child');
  const source = `
import os, time
if os.fork() == 0:
    held = bytearray(200 * 2**20)
    with open(${JSON.stringify(`${path}.new`)}, 'w') as file: file.write(str(os.getpid()))
    os.rename(${JSON.stringify(`${path}.new`)}, ${JSON.stringify(path)})
time.sleep(1000)`;
  const record = await runtime.create({
    name: 'pair',
    labels: {},
    argv: ['python3', '-c', source],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: folder,
    stdin: false,
  });
  await until('the second process', () => existsSync(path));
  return { record, pids: [String(record.pid), readFileSync(path, 'utf8')] };
}

it('a runtime that is just ending is not taken for one that serves', async () => {
  const place = join(folder, 'other');
  mkdirSync(place);
  // The kernel closes the connections of a killed process before the socket that it listens on.
  const ending = createServer((socket) => {
    socket.destroy();
    ending.close();
  });
  await new Promise<void>((resolve) => ending.listen(runtimeAddress(place), resolve));
  const lost: Error[] = [];
  const next = await openRuntime({ folder: place, python: 'python3', onLost: (error) => lost.push(error) });
  expect(await next.list()).toEqual([]);
  expect(lost).toEqual([]);
  await next.shutdown();
});

it.each([
  ['an argument with a NUL', { argv: ['python3', '-c', 'pass\0'] }],
  ['a program with a NUL', { argv: ['/bin/true\0'] }],
  ['a variable with a NUL', { env: { PATH: process.env['PATH'] ?? '', WORDS: 'a\0b' } }],
  ['a variable that is no character', { env: { PATH: process.env['PATH'] ?? '', WORDS: '\ud800' } }],
  ['a folder with a NUL', { cwd: '/tmp/a\0b' }],
])('refuses %s, and goes on', async (_, change) => {
  const request = {
    ...{ name: 'wrong', labels: {}, argv: ['python3', '-c', 'pass'], env: { PATH: process.env['PATH'] ?? '' } },
    ...{ cwd: folder, stdin: false },
    ...change,
  };
  await expect(runtime.create(request)).rejects.toMatchObject({ name: 'StartError', message: 'invalid argument' });
  expect(await runtime.list()).toEqual([]);
});

describe('what the runtime says is so', () => {
  it('once a kill is answered nothing of the container is left', async () => {
    const { pids } = await startPair();
    await runtime.kill('pair');
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('once the end of the first process is told nothing of the container is left', async () => {
    const { record, pids } = await startPair();
    const left = new Promise<string[]>((resolve) => {
      runtime.onExit(() => resolve(pids.filter(isAlive)));
    });
    process.kill(record.pid, 'SIGKILL');
    expect(await left).toEqual([]);
  });

  it('once its connection is closed it has ended itself', async () => {
    const { record } = await startPair();
    const parent = /\) \w (\d+)/.exec(readFileSync(`/proc/${record.pid}/stat`, 'latin1'))![1]!;
    const command = `/proc/${parent}/cmdline`;
    expect(readFileSync(command, 'latin1')).toContain('runtime.py');
    await runtime.shutdown();
    // A process that is ending has given up its memory, and its command line with it, before its connections.
    expect(existsSync(command) ? readFileSync(command, 'latin1') : '').toBe('');
  });
});
