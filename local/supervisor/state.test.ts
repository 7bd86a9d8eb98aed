import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathsOf, dataDirOf } from './paths.ts';
import { choosePort, freePort } from './ports.ts';
import { identify } from './process-info.ts';
import { exportsOf, statusText, welcome } from './report.ts';
import { liveState, readState, takeLock, writeState, type SupervisorState } from './state.ts';

const folder = mkdtempSync(join(tmpdir(), 'oet-state-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function stateOf(change: Partial<SupervisorState> = {}): SupervisorState {
  return {
    supervisor: identify(process.pid),
    namespace: 'ska-oso-oet',
    restUrl: 'http://127.0.0.1:5000/ska-oso-oet/oet/api/v7',
    kubeUrl: 'https://127.0.0.1:6443',
    ready: true,
    components: [
      { name: 'cluster', process: { pid: 1, start: 2 }, restarts: 0, ready: true },
      { name: 'operator', restarts: 3, ready: false, lastExit: 'exit 1' },
    ],
    ...change,
  };
}

describe('the state file', () => {
  const path = join(folder, 'state.json');
  it('is not there at first', () => {
    expect(readState(path)).toBeUndefined();
    expect(liveState(path)).toBeUndefined();
  });
  it('is of a supervisor that lives, or of one that did', () => {
    writeState(path, stateOf());
    expect(liveState(path)).toEqual(stateOf());
    writeState(path, stateOf({ supervisor: { pid: process.pid, start: 1 } })); // the number went to another process
    expect(liveState(path)).toBeUndefined();
    expect(readState(path)?.namespace).toBe('ska-oso-oet');
  });
});

describe('the lock', () => {
  it.each([
    ['nobody', undefined, true],
    ['a process that is gone', { pid: process.pid, start: 1 }, true],
    ['a crash in the middle of writing', '{"pi', true],
    ['a process that lives', identify(process.ppid), false],
  ])('held by %s', (_who, holder, expected) => {
    const path = join(folder, 'lock');
    rmSync(path, { force: true });
    if (holder !== undefined) writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
    expect(takeLock(path)).toBe(expected);
  });
});

describe('choosePort', () => {
  it('takes the wanted one, or says that it is taken; a remembered one only while it is free', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(choosePort('rest', port)).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken: choose another with --rest-port`,
    );
    const other = await choosePort('rest', undefined, port);
    expect(other).not.toBe(port);
    expect(await choosePort('rest', undefined, other)).toBe(other);
    expect(await choosePort('rest', 0, other)).toBeGreaterThan(0);
    server.close();
  });
  it('gives no port twice, though none of them is in use yet', async () => {
    const drawn = [12_000, 12_000, 12_001, 12_000, 12_001];
    const random = (): number => drawn.shift() ?? randomInt(13_000, 30_000);
    const given: number[] = [];
    for (let count = 3; count > 0; count--) given.push(await freePort(given, random));
    expect(new Set(given).size).toBe(3);
    expect(await choosePort('kube', undefined, given[0], given)).not.toBe(given[0]);
  });
});

describe('what is printed', () => {
  it('is a table of the parts', () => {
    expect(statusText(stateOf()).split('\n')).toEqual([
      'PART       STATE            PID   RESTARTS   URL',
      'cluster    ready            1     0          https://127.0.0.1:6443',
      'operator   ended (exit 1)   -     3',
      '',
    ]);
    expect(statusText(undefined)).toBe('oet-local is not up.\n');
  });
  it('is what a shell can evaluate, with odd folders too', () => {
    const text = exportsOf(stateOf(), pathsOf("/tmp/it's here"));
    expect(text).toContain('export OET_URL=http://127.0.0.1:5000/ska-oso-oet/oet/api/v7\n');
    expect(text).toContain(`export KUBECONFIG='/tmp/it'\\''s here/kubeconfig'\n`);
  });
  it('says what to type next', () => {
    const text = welcome(stateOf(), pathsOf('/data'), true, '/');
    expect(text).toMatch(/eval "\$\(.*bin\/oet-local env --data-dir \/data\)"/);
    expect(text).toMatch(/without isolation/);
  });
});

it.each([
  ['/a', { OET_LOCAL_DIR: '/b' }, '/a'],
  [undefined, { OET_LOCAL_DIR: '/b' }, '/b'],
  [undefined, { XDG_DATA_HOME: '/c' }, '/c/oet/local'],
])('the data folder: option %s, environment %j', (option, env, expected) => {
  expect(dataDirOf(option, env)).toBe(expected);
});
