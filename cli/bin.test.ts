import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeServer } from './testing/fake-server.ts';
import { VERSION } from './version.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oet-bin-'));
});

afterEach(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(program: string, args: readonly string[], env: Record<string, string> = {}, input = ''): Outcome {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    input,
    encoding: 'utf8',
    cwd: folder,
  });
  return { code: status, out: stdout, err: stderr };
}

/** A `node` that says it is of this version, and is of no use. */
async function fakeNode(version: string): Promise<string> {
  const path = join(folder, 'path');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'node'), `#!/bin/sh\necho ${version}\n`);
  await chmod(join(path, 'node'), 0o755);
  return `${path}:/usr/bin:/bin`;
}

describe('bin/oet', () => {
  test('runs from a checkout, through a link, with an interpreter of our choice', async () => {
    const link = join(folder, 'oet');
    await symlink(join(checkout, 'bin/oet'), link);
    expect(run(link, ['--version'], { OET_NODE: process.execPath })).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
  });

  test('hands over words, stdin and the exit code', async () => {
    const entry = '{"n":1,"t":1,"k":"out","s":"stdout","d":"hello\\n"}\n';
    const program = join(checkout, 'bin/oet');
    const env = { OET_NODE: process.execPath };
    expect(run(program, ['journal'], env, entry)).toEqual({ code: 0, out: 'hello\n', err: '' });
    const words = ['procedure', 'create', 'no such file.py', '--x=*'];
    expect(run(program, words, env)).toMatchObject({
      code: 2,
      err: expect.stringContaining("no file 'no such file.py'"),
    });
  });

  test.each([
    ['a full disk', '"$0" journal > /dev/full', 9, /^oet: stdout: ENOSPC.*\n$/],
    ['a disk that takes a part', `trap '' XFSZ; ulimit -f 1; "$0" journal > out`, 9, /^oet: stdout: EFBIG.*\n$/],
    ['a reader that has gone', '{ "$0" journal; echo $? >&2; } | true', 0, /^0\n$/],
  ])('stdout: %s', (_, script, code, err) => {
    const entry = JSON.stringify({ n: 1, t: 1, k: 'out', s: 'stdout', d: 'hello\n'.repeat(20_000) });
    const args = ['-c', script, join(checkout, 'bin/oet')];
    expect(run('/bin/sh', args, { OET_NODE: process.execPath }, entry)).toMatchObject({
      code,
      err: expect.stringMatching(err),
    });
  });

  test('the sources run where they cannot be bundled', async () => {
    await cp(join(checkout, 'cli'), join(folder, 'cli'), { recursive: true });
    await cp(join(checkout, 'bin/oet'), join(folder, 'bin/oet'));
    await cp(join(checkout, 'package.json'), join(folder, 'package.json'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['commander', 'eventsource-parser']) {
      await symlink(join(checkout, 'node_modules', name), join(folder, 'node_modules', name));
    }
    expect(run(join(folder, 'bin/oet'), ['--version'], { OET_NODE: process.execPath })).toMatchObject({
      code: 0,
      out: `${VERSION}\n`,
    });
  });

  test.each([['v20.20.2'], ['v24.8.0'], ['nonsense']])('without a Node that is new enough: %s', async (version) => {
    await cp(join(checkout, 'bin/oet'), join(folder, 'bin/oet'));
    const { code, err } = run(join(folder, 'bin/oet'), ['--help'], { PATH: await fakeNode(version) });
    expect(code).toBe(8);
    expect(err).toMatch(/^oet: needs Node 24\.9 or later; none is on the PATH/);
  });

  test.each([['v24.9.0'], ['v26.0.1']])('%s is new enough', async (version) => {
    await cp(join(checkout, 'bin/oet'), join(folder, 'bin/oet'));
    const { err } = run(join(folder, 'bin/oet'), ['--help'], { PATH: await fakeNode(version) });
    expect(err).toMatch(/^oet: neither .*build\/oet\.mjs nor .*cli is there/);
  });
});

describe('signals', () => {
  let server: FakeServer;
  beforeEach(async () => {
    server = await FakeServer.listen();
  });
  afterEach(() => server.end());

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops the script that oet run watches, and gives %i', async (signal, code) => {
    const started = new Promise<void>((resolve) => {
      server.onStart = () => resolve();
    });
    await writeFile(join(folder, 'hello.py'), 'def main(): pass\n');
    const child = spawn(join(checkout, 'bin/oet'), ['run', 'hello.py'], {
      cwd: folder,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '', OET_NODE: process.execPath, OET_URL: server.url },
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await started;
    child.kill(signal);

    expect(await ended).toBe(code);
    expect(server.state(1)).toBe('STOPPED');
  });
});
