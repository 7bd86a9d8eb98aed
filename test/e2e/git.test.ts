/** Scripts of a repository that asks for a password, and packages: what was really loaded is recorded. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EMBEDDED, onRealNode } from './harness/node.ts';
import { freePort } from './harness/ports.ts';
import { ROOT } from './harness/process.ts';
import { Procedures } from './harness/procedures.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const PASSWORD = 's3cret: with spaces';

let stack: Stack;
let procedures: Procedures;
let server: string;
let commit: string;

beforeAll(async () => {
  stack = await startStack();
  procedures = new Procedures(stack);
  const port = String(EMBEDDED ? await freePort() : 8080);
  const env = { PORT: port, PASSWORD, HOST: EMBEDDED ? '127.0.0.1' : '0.0.0.0', HOME: '/tmp' };
  const container = {
    name: 'main',
    image: process.env.E2E_IMAGE ?? 'localhost/python:3',
    imagePullPolicy: 'IfNotPresent',
    command: ['python3', '-c', await readFile(`${ROOT}test/e2e/harness/git_server.py`, 'utf8')],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  };
  const spec = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] };
  await procedures.object({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'git-server' }, spec });
  await procedures.object({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'robot' },
    type: 'kubernetes.io/basic-auth',
    stringData: { username: 'robot', password: PASSWORD },
  });
  commit = await until('the git server', async () => {
    const { stdout } = await stack.kubectl(['logs', 'git-server']);
    return /^ready (\w{40})$/m.exec(stdout)?.[1];
  });
  // The kubelet serves a log before it has told the API server where the pod is.
  const address = ['get', 'pod', 'git-server', '-o', 'jsonpath={.status.podIP}'];
  const ip = await until('its address', async () => (await stack.kubectl(address)).stdout || undefined);
  server = `http://${EMBEDDED ? '127.0.0.1' : ip}:${port}`;
});
afterAll(() => stack.close());

const git = (more: object): object => ({ repo: `${server}/repository/.git`, path: 'script.py', ...more });

describe('a repository that asks for a password', () => {
  onRealNode.each([
    ['a tag', () => ({ tag: 'release' })],
    ['a commit', () => ({ commit: commit.slice(0, 12) })],
  ])('is cloned at %s with the Secret of secretRef', async (what, ref) => {
    const name = what.replaceAll(' ', '-');
    const script = { git: git({ ...ref(), secretRef: { name: 'robot' } }) };
    await procedures.apply(name, { script, startPolicy: 'Automatic' });
    expect(await procedures.end(name)).toMatchObject({
      state: 'COMPLETE',
      source: {
        uri: 'git://script.py',
        commit,
        sha256: createHash('sha256').update("def main(): print('tagged')\n").digest('hex'),
      },
    });
    expect(await procedures.output(name)).toBe('tagged\n');
    const { stdout } = await stack.kubectl(['get', 'procedure', name, '-o', 'yaml']);
    expect(stdout).not.toContain(PASSWORD);
  });

  async function isNotOpened(name: string, more: object, said: string): Promise<void> {
    await procedures.apply(name, { script: { git: git(more) }, startPolicy: 'Automatic' });
    expect(await procedures.end(name)).toMatchObject({ state: 'FAILED', reason: 'ScriptError' });
    const { stdout } = await stack.kubectl(['get', 'procedure', name, '-o', 'jsonpath={.status.failure.stackTrace}']);
    expect(stdout).toContain(said);
  }

  it('is not opened without', () => isNotOpened('without', {}, 'could not read Username'));

  onRealNode('is not opened with a Secret that is not there', () =>
    isNotOpened('missing', { secretRef: { name: 'nobody' } }, 'the Secret nobody is not there'),
  );
});

(EMBEDDED ? it : it.skip)('an embedded cluster refuses what it cannot mount', async () => {
  await procedures.apply('mounts', { script: { git: git({ secretRef: { name: 'robot' } }) } });
  expect(await procedures.end('mounts')).toMatchObject({
    state: 'FAILED',
    reason: 'NotSupported',
    message: expect.stringContaining('cannot mount volumes'),
  });
});

it('requirements are installed before the script is loaded', async () => {
  const requirements = [`oet-example @ ${server}/oet_example-1-py3-none-any.whl`];
  const inline = 'import oet_example\ndef main(): print(oet_example.NAME)\n';
  await procedures.run('requires', inline, { environment: { requirements } });
  const status = await procedures.end('requires');
  expect(status.history?.map(({ state }) => state)).toEqual(
    'CREATING IDLE PREP_ENV IDLE LOADING IDLE READY RUNNING READY COMPLETE'.split(' '),
  );
  expect(await procedures.output('requires')).toBe('example\n');
});
