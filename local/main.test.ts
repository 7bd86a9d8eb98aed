import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from './supervisor/poll.ts';
import type { SupervisorState } from './supervisor/state.ts';

jest.setTimeout(600_000); // five processes have to start, on a machine that may be busy

const BIN = fileURLToPath(new URL('../bin/oet-local', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'oet-local-test-'));
afterAll(async () => {
  await oetLocal('down');
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs `oet-local` with the data folder: exit code and output. */
async function oetLocal(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(BIN, [...args, '--data-dir', dataDir], {
    env: { ...process.env, OET_NODE: process.execPath, NODE_OPTIONS: '' },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}
async function state(): Promise<SupervisorState> {
  return JSON.parse((await oetLocal('status', '-o', 'json')).out) as SupervisorState;
}
/** The state once everything is ready. */
async function readyState(holds: (state: SupervisorState) => boolean = () => true): Promise<SupervisorState> {
  const ready = async () => {
    const now = await state();
    return now.ready && holds(now) ? now : undefined;
  };
  const found = await poll(ready, { everyMs: 50, withinMs: 300_000 });
  if (!found) throw new Error('it was not ready within five minutes');
  return found;
}
const restartsOf = (of: SupervisorState, name: string): number =>
  of.components.find((component) => component.name === name)!.restarts;
const pidOf = (of: SupervisorState, name: string): number =>
  of.components.find((component) => component.name === name)!.process!.pid;
/** Processes whose command line or environment names the data folder. */
function processes(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1');
      return text.includes(dataDir);
    } catch {
      return false; // it ended meanwhile
    }
  });
}
const nothingLeft = () => poll(() => processes().length === 0 || undefined, { everyMs: 50, withinMs: 120_000 });

describe('oet-local', () => {
  it('is not up at first', async () => {
    expect(await oetLocal('status')).toEqual({ code: 3, out: 'oet-local is not up.\n', err: '' });
    expect(await oetLocal('env')).toMatchObject({ code: 3, out: '' });
    expect(await oetLocal('down')).toEqual({ code: 0, out: 'oet-local was not up.\n', err: '' });
  });

  it('comes up detached, tells what to type, and serves', async () => {
    const up = await oetLocal('up', '--detach', '--rest-port', '0');
    expect(up).toMatchObject({ code: 0, err: '' });
    expect(up.out).toMatch(/oet-local env --data-dir/);
    const environment = Object.fromEntries(
      [...(await oetLocal('env')).out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(environment).toMatchObject({ KUBECONFIG: join(dataDir, 'kubeconfig'), KUBE_NAMESPACE: 'ska-oso-oet' });
    const answer = await fetch(`${environment['OET_URL'] ?? ''}/procedures`);
    expect(await answer.json()).toEqual([]);
    expect((await oetLocal('up', '--detach')).out).toBe(up.out); // again changes nothing
  });

  it.each(['cluster', 'operator', 'rest'])('starts the %s again when it is killed', async (name) => {
    const before = await readyState();
    process.kill(pidOf(before, name), 'SIGKILL');
    // More often than before: with the cluster gone for long, an operator ends by itself.
    const after = await readyState((now) => restartsOf(now, name) > restartsOf(before, name));
    expect(pidOf(after, name)).not.toBe(pidOf(before, name));
  });

  it('goes down without leaving a process, and comes back with its ports', async () => {
    const before = await state();
    expect(await oetLocal('down')).toMatchObject({ code: 0, out: 'oet-local is down.\n' });
    expect(processes()).toEqual([]);
    expect((await oetLocal('up', '--detach')).code).toBe(0);
    const { restUrl, kubeUrl } = await state();
    expect({ restUrl, kubeUrl }).toEqual({ restUrl: before.restUrl, kubeUrl: before.kubeUrl });
  });

  it('leaves no process when its supervisor is killed, either', async () => {
    process.kill((await state()).supervisor.pid, 'SIGKILL');
    expect(await nothingLeft()).toBe(true);
    expect((await oetLocal('status')).code).toBe(3);
  });

  it.each([
    [['up', '--rest-port', 'x'], /A port is a number/],
    [['up', '--namespace', 'No!'], /A namespace is/],
    [['fly'], /unknown command/],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await oetLocal(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
