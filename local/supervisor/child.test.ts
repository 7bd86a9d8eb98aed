import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChild, type Child, type ChildOptions } from './child.ts';
import { poll } from './poll.ts';
import { isAlive } from './process-info.ts';

const folder = mkdtempSync(join(tmpdir(), 'oet-child-'));
let child: Child;
afterEach(async () => {
  await child.stop(2000);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(script: string, more: Partial<ChildOptions> = {}): Child {
  child = createChild({
    name: 'part',
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    log: join(folder, 'logs', 'part.log'),
    backoffMs: 5,
    onChange: () => undefined,
    ...more,
  });
  child.start();
  return child;
}
const when = (holds: () => boolean) => poll(() => holds() || undefined, { everyMs: 5, withinMs: 150_000 });

describe('a supervised process', () => {
  it('is started again when it ends, its output kept', async () => {
    make('console.log("words"); process.exit(4)');
    await when(() => child.state.restarts >= 2);
    expect(child.state.lastExit).toBe('exit 4');
    expect(readFileSync(join(folder, 'logs', 'part.log'), 'utf8')).toMatch(/^words\nwords\n/);
  });

  it('is started again when it is killed', async () => {
    make('setInterval(() => {}, 1000)');
    const first = child.state.process!;
    process.kill(first.pid, 'SIGKILL');
    await when(() => child.state.restarts === 1 && child.state.process !== undefined);
    expect(child.state.lastExit).toBe('SIGKILL');
    expect(child.state.process?.pid).not.toBe(first.pid);
  });

  it('tells when it cannot be started at all', async () => {
    make('', { command: '/does/not/exist' });
    await when(() => child.state.restarts >= 1);
    expect(child.state.lastExit).toMatch(/ENOENT/);
  });

  it('ends by SIGTERM and stays ended', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    make('process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); process.send("up")', {
      ipc: true,
      onMessage: resolve,
    });
    expect(await promise).toBe('up');
    await child.stop(150_000);
    expect(child.state.process).toBeUndefined();
    expect(child.state.lastExit).toBe('exit 0');
    expect(child.state.restarts).toBe(0);
  });

  it('is killed when it does not', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    make('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.send("up")', {
      ipc: true,
      onMessage: resolve,
    });
    expect(await promise).toBe('up');
    const id = child.state.process!;
    await child.stop(50);
    expect(isAlive(id)).toBe(false);
    expect(child.state.lastExit).toBe('SIGKILL');
  });
});
