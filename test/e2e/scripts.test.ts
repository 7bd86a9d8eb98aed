/** What scripts do to us: each gets a state, a named reason, and nothing else stops working. docs/failures.md has a row for each. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED } from './harness/node.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

interface Case {
  readonly what: string;
  readonly source: string;
  readonly state: string;
  readonly reason: string;
  /** Part of the stack trace. */
  readonly trace?: string;
  readonly output?: string | RegExp;
}

/** Scripts that fail while they are prepared. */
const PREPARED: readonly Case[] = [
  {
    what: 'raises while it is loaded',
    source: 'raise ValueError("at load")',
    state: 'FAILED',
    reason: 'ScriptError',
    trace: 'ValueError: at load',
  },
  { what: 'has a syntax error', source: 'def main(:\n', state: 'FAILED', reason: 'ScriptError', trace: 'SyntaxError' },
  {
    what: 'imports what is not there',
    source: 'import not_there',
    state: 'FAILED',
    reason: 'ScriptError',
    trace: 'ModuleNotFoundError',
  },
  {
    what: 'raises in init',
    source: 'def init(): 1 / 0\ndef main(): pass',
    state: 'FAILED',
    reason: 'ScriptError',
    trace: 'ZeroDivisionError',
  },
  {
    what: 'calls sys.exit in init',
    source: 'import sys\ndef init(): sys.exit(0)\ndef main(): pass',
    state: 'FAILED',
    reason: 'SystemExit',
  },
];

/** Scripts that become READY. */
const RUN: readonly Case[] = [
  {
    what: 'raises in main',
    source: 'def main(): raise RuntimeError("in main")',
    state: 'FAILED',
    reason: 'ScriptError',
    trace: 'RuntimeError: in main',
  },
  { what: 'has no main', source: 'x = 1', state: 'FAILED', reason: 'ScriptError', trace: 'AttributeError' },
  {
    what: 'calls sys.exit(0)',
    source: 'import sys\ndef main():\n  print("bye")\n  sys.exit(0)',
    state: 'FAILED',
    reason: 'SystemExit',
    output: 'bye\n',
  },
  {
    what: 'calls os._exit(3)',
    source: 'import os\ndef main():\n  print("bye", flush=True)\n  os._exit(3)',
    state: 'FAILED',
    reason: 'Exited',
    output: 'bye\n',
  },
  { what: 'aborts', source: 'import os\ndef main(): os.abort()', state: 'FAILED', reason: 'Killed' },
  {
    what: 'forks, and both return',
    source: 'import os\ndef main():\n  os.fork()\n  print("out", flush=True)',
    state: 'COMPLETE',
    reason: 'Completed',
    output: /^out\n(out\n)?$/,
  },
  {
    what: 'leaves a child that holds its pipes',
    source: 'import subprocess\ndef main():\n  subprocess.Popen(["sleep", "1000"])\n  print("left")',
    state: 'COMPLETE',
    reason: 'Completed',
    output: 'left\n',
  },
  {
    what: 'closes its stdout',
    source: 'import os\ndef main():\n  os.close(1)\n  os.write(2, b"still")',
    state: 'COMPLETE',
    reason: 'Completed',
    output: 'still',
  },
  {
    what: 'interrupts PID 1',
    source:
      'import os, signal, time\ndef main():\n  os.kill(os.getppid(), signal.SIGINT)\n  time.sleep(0.2)\n  print("on")',
    state: 'COMPLETE',
    reason: 'Completed',
    output: 'on\n',
  },
  {
    what: 'has a pool of spawned processes',
    source:
      'import multiprocessing as m\ndef f(x): return x + 1\ndef main():\n  with m.get_context("spawn").Pool(2) as p: print(p.map(f, [1, 2]))',
    state: 'COMPLETE',
    reason: 'Completed',
    output: '[2, 3]\n',
  },
  {
    what: 'publishes 400,000 numbers at once',
    source: 'import oet\ndef main():\n  oet.publish("a", x=list(range(400000)))\n  print("on")',
    state: 'COMPLETE',
    reason: 'Completed',
    output: 'on\n',
  },
  {
    what: 'has a main of which nothing runs',
    source: 'async def main(): print("never")',
    state: 'FAILED',
    reason: 'ScriptError',
    output: '',
  },
  {
    what: 'prints invalid UTF-8',
    source: 'import os\ndef main(): os.write(1, bytes([0xff, 0xfe, 65, 0, 10]))',
    state: 'COMPLETE',
    reason: 'Completed',
  },
  {
    what: 'prints what looks like the journal',
    source: `def main(): print('{"n":99,"t":1,"k":"end","state":"COMPLETE"}')`,
    state: 'COMPLETE',
    reason: 'Completed',
    output: '{"n":99,"t":1,"k":"end","state":"COMPLETE"}\n',
  },
  {
    what: 'writes to the file descriptors of PID 1',
    source: `
import os
def main():
    for name in ("fd/1", "fd/0", "mem"):
        try:
            os.close(os.open(f"/proc/{os.getppid()}/{name}", os.O_RDWR))
            print(name, "opened")
        except OSError as error:
            print(name, type(error).__name__)
`,
    state: 'COMPLETE',
    reason: 'Completed',
    output: EMBEDDED ? /fd\/1/ : 'fd/1 PermissionError\nfd/0 PermissionError\nmem PermissionError\n',
  },
];

describe('a script that fails while it is prepared', () => {
  it.each(PREPARED)('$what', async ({ source, state, reason, trace }) => {
    const { rest } = stack;
    const id = await rest.create(source);
    const summary = await rest.state(id, state);
    expect(summary.reason).toBe(reason);
    if (trace !== undefined) expect(summary.history.stacktrace).toContain(trace);
  });

  it('is a file that does not exist', async () => {
    const { rest } = stack;
    const body = '{"script":{"script_type":"filesystem","script_uri":"file:///not/there.py"}}';
    const { text } = await rest.call('POST', '/procedures', body);
    const { id } = JSON.parse(text) as { id: number };
    const summary = await rest.state(id, 'FAILED');
    expect(summary.history.stacktrace).toMatch(/FileNotFoundError.*\[Errno 2\].*\/not\/there\.py/s);
  });
});

describe('a script that runs', () => {
  it.each(RUN)('$what', async ({ source, state, reason, trace, output }) => {
    const { rest } = stack;
    const id = await rest.run(source);
    const summary = await rest.state(id, state);
    expect(summary.reason).toBe(reason);
    if (trace !== undefined) expect(summary.history.stacktrace).toContain(trace);
    if (typeof output === 'string') expect(await rest.output(id)).toBe(output);
    if (output instanceof RegExp) expect(await rest.output(id)).toMatch(output);
  });

  it('prints 100 MB without a newline', async () => {
    const { rest } = stack;
    const id = await rest.run(
      'import os\ndef main():\n  block = b"x" * 1_000_000\n  for _ in range(100): os.write(1, block)\n  print()\n  print("after")',
    );
    await rest.state(id, 'COMPLETE');
    const text = await rest.output(id);
    // output.maxBytes is 64 MiB: the first and the last half, and a gap that says so.
    expect(text.endsWith('x\nafter\n')).toBe(true);
    expect(text.startsWith('xxx')).toBe(true);
    expect(text.length).toBeGreaterThan(60_000_000);
    expect(text.length).toBeLessThan(70_000_000);
  });

  it.each([
    ['ignores SIGTERM', 'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)'],
    ['swallows BaseException', ''],
  ])('%s and is killed after its grace', async (_, prelude) => {
    const { rest, kubectl } = stack;
    const id = await rest.run(`
import time
${prelude}
def main():
    print("up", flush=True)
    while True:
        try:
            time.sleep(0.05)
        except BaseException:
            print("caught", flush=True)
`);
    await until('its first line', async () => (await rest.output(id)).startsWith('up'));
    const { name = '' } = await rest.get(id);
    const patch = '{"spec":{"stop":{"gracePeriodSeconds":1,"reason":"enough"}}}';
    expect(await kubectl(['patch', 'procedure', name, '--type', 'merge', '-p', patch])).toMatchObject({ code: 0 });
    const summary = await rest.state(id, 'STOPPED');
    expect(summary.reason).toBe('GraceExceeded');
  });
});
