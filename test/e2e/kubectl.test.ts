/** Procedures by kubectl and by the command line: what platform engineers and operators type. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from './harness/command.ts';
import { ROOT } from './harness/process.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const manifest = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'oet.skao.int/v1alpha1', kind: 'Procedure', metadata: { name }, spec });

describe('kubectl', () => {
  it('applies, shows, waits for and deletes a procedure', async () => {
    const { kubectl, rest } = stack;
    const hello = manifest('hello', {
      script: { inline: 'def main(name): print(f"hello {name}")' },
      main: { kwargs: { name: 'world' } },
      startPolicy: 'Automatic',
    });
    expect((await kubectl(['apply', '-f', '-'], hello)).stdout).toBe('procedure.oet.skao.int/hello created\n');
    expect(await kubectl(['wait', '--for=condition=Succeeded', 'procedure/hello', '--timeout=240s'])).toMatchObject({
      code: 0,
    });
    const table = (await kubectl(['get', 'procedures'])).stdout.split('\n');
    expect(table[0]).toMatch(/^NAME +ID +STATE +SCRIPT +STARTED +EXIT +AGE$/);
    expect(table[1]).toMatch(/^hello +\d+ +COMPLETE +inline:\/\/hello +\S+ +0 +\S+$/);
    expect((await kubectl(['get', 'proc', 'hello', '-o', 'wide'])).stdout).toMatch(/POD +NODE +REASON/);
    const id = Number((await kubectl(['get', 'proc', 'hello', '-o', 'jsonpath={.status.id}'])).stdout);
    expect(await rest.output(id)).toBe('hello world\n');
    // Applying it again changes nothing and runs nothing.
    expect((await kubectl(['apply', '-f', '-'], hello)).stdout).toBe('procedure.oet.skao.int/hello unchanged\n');
    expect((await kubectl(['describe', 'procedure', 'hello'])).stdout).toMatch(/Reason: +Completed/);
    expect((await kubectl(['delete', 'procedure', 'hello'])).code).toBe(0);
  });

  it('starts and stops by patches', async () => {
    const { kubectl } = stack;
    const endless = 'import time\ndef main():\n  print("up", flush=True)\n  while True: time.sleep(0.05)';
    await kubectl(['apply', '-f', '-'], manifest('endless', { script: { inline: endless } }));
    expect(
      await kubectl(['wait', '--for=jsonpath={.status.state}=READY', 'proc/endless', '--timeout=240s']),
    ).toMatchObject({ code: 0 });
    await kubectl(['patch', 'proc', 'endless', '--type', 'merge', '-p', '{"spec":{"start":{}}}']);
    expect(
      await kubectl(['wait', '--for=jsonpath={.status.state}=RUNNING', 'proc/endless', '--timeout=240s']),
    ).toMatchObject({ code: 0 });
    const pod = (await kubectl(['get', 'proc', 'endless', '-o', 'jsonpath={.status.pod.name}'])).stdout;
    const plain = await until('its output', async () => {
      const { stdout } = await kubectl(['logs', pod]);
      return stdout.includes('"k":"out"') && stdout;
    });
    expect((await command(`${ROOT}bin/oet`, ['journal'], { input: plain })).stdout).toBe('up\n');
    await kubectl(['patch', 'proc', 'endless', '--type', 'merge', '-p', '{"spec":{"stop":{}}}']);
    expect(
      await kubectl(['wait', '--for=jsonpath={.status.state}=STOPPED', 'proc/endless', '--timeout=240s']),
    ).toMatchObject({ code: 0 });
  });

  it.each([
    ['an unknown field', { script: { inline: 'x' }, colour: 'red' }, /unknown field "spec\.colour"/],
    [
      'a wrong value',
      { script: { inline: 'x' }, startPolicy: 'Sometimes' },
      /spec\.startPolicy: Unsupported value: "Sometimes"/,
    ],
    ['two scripts', { script: { inline: 'x', file: '/a.py' } }, /spec\.script/],
  ])('is told of %s', async (_, spec, message) => {
    const { code, stderr } = await stack.kubectl(['apply', '-f', '-'], manifest('bad', spec));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});

describe('oet', () => {
  it('runs a script and exits with its verdict', async () => {
    const good = await stack.oet(['run', `${ROOT}docs/examples/hello_world.py`]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout.length).toBeGreaterThan(0);
    const bad = await stack.oet(['run', `${ROOT}docs/examples/failing.py`]);
    expect(bad.code).toBe(1);
  });

  it('creates, starts, lists, describes and stops', async () => {
    const created = await stack.oet(['procedure', 'create', `file://${ROOT}docs/examples/endless.py`]);
    const row = created.stdout.split('\n')[2] ?? '';
    const id = Number(row.trim().split(/ +/)[0]);
    expect(row).toContain('CREATING');
    await stack.rest.state(id, 'READY');
    const started = await stack.oet(['procedure', 'start', `--pid=${id}`, '--listen=False']);
    expect(started).toMatchObject({ code: 0 });
    expect((await stack.oet(['procedure', 'wait', String(id), '--for', 'RUNNING', '--timeout', '240'])).code).toBe(0);
    expect((await stack.oet(['procedure', 'list'])).stdout).toContain('RUNNING');
    const stopped = await stack.oet(['procedure', 'stop', `--pid=${id}`]);
    expect(stopped.stdout).toContain(`Successfully stopped script with ID ${id}`);
    expect((await stack.oet(['procedure', 'describe', `--pid=${id}`])).stdout).toContain('STOPPED');
  });
});
