import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkLogOptions } from './log-options.ts';
import { startTestNode, until, type TestNode } from './testing.ts';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode({ knobs: { logRotationMs: 10 } });
});
afterAll(() => node.close());

const COUNT = `
import sys

for line in sys.stdin:
    for i in range(int(line)): print(i)
    sys.stdout.flush()
    print('done', flush=True)
`;

describe('pods/log', () => {
  it.each([
    [
      { tailLines: -1, limitBytes: 0 },
      422,
      'PodLogOptions "p" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: 0: must be greater than 0]',
    ],
    [{ sinceSeconds: 0 }, 422, 'PodLogOptions "p" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'],
    [
      { sinceTime: '2026-01-01T00:00:00Z', sinceSeconds: 3 },
      422,
      'PodLogOptions "p" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    [
      { sinceTime: 'yesterday' },
      400,
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ])('refuses %j', (options, code, message) => {
    expect(checkLogOptions('p', { follow: false, ...options })).toEqual({ code, message });
  });

  it.each([
    ['another container', { container: 'nope' }, { code: 400, message: 'container nope is not valid for pod options' }],
    [
      'a previous run',
      { previous: true },
      { code: 400, message: 'previous terminated container "main" in pod "options" not found' },
    ],
  ])('refuses %s', async (_what, options, error) => {
    if (!node.pod('options')) node.run('options', 'print("one\\ntwo\\nthree")');
    await until('the end', () => node.phase('options') === 'Succeeded');
    expect(await node.log('options', options)).toEqual({ text: '', error });
  });

  it.each([
    ['tailLines', { tailLines: 2 }, 'two\nthree\n'],
    ['tailLines 0', { tailLines: 0 }, ''],
    ['more tailLines than lines', { tailLines: 9 }, 'one\ntwo\nthree\n'],
    ['limitBytes', { limitBytes: 5 }, 'one\nt'],
    ['sinceTime in the past', { sinceTime: '2020-01-01T00:00:00Z' }, 'one\ntwo\nthree\n'],
    ['sinceTime to come', { sinceTime: '2100-01-01T00:00:00Z' }, ''],
    ['follow', { follow: true }, 'one\ntwo\nthree\n'],
  ])('obeys %s', async (_what, options, expected) => {
    if (!node.pod('options')) node.run('options', 'print("one\\ntwo\\nthree")');
    await until('the end', () => node.phase('options') === 'Succeeded');
    expect(await node.log('options', options)).toEqual({ text: expected });
  });

  it('gives times', async () => {
    node.run('times', 'print("one\\ntwo")');
    await until('the end', () => node.phase('times') === 'Succeeded');
    const lines = (await node.log('times', { timestamps: true })).text.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two)$/);
  });

  it('joins long lines and keeps the end without a newline', async () => {
    node.run('long', 'print("x" * 50000, end="\\ny")');
    await until('the end', () => node.phase('long') === 'Succeeded');
    expect((await node.log('long')).text).toBe(`${'x'.repeat(50_000)}\ny`);
  });

  it('is refused until the node has looked', async () => {
    node.kubelet.knobs.tickMs = 3_000;
    await new Promise((resolve) => setTimeout(resolve, 50)); // the look that was due comes at the old pace
    node.run('unseen', 'print("early", flush=True); import time; time.sleep(100)');
    await until('the binding', () => node.pod('unseen')?.status?.startTime);
    const error = (await node.log('unseen')).error;
    expect(error).toEqual({
      code: 400,
      message: 'container "main" in pod "unseen" is waiting to start: ContainerCreating',
    });
    node.kubelet.knobs.tickMs = 20;
    await node.waitLog('unseen', /early/);
  });

  it('follows to the end, across rotations, and serves only the live file', async () => {
    const { knobs } = node.kubelet;
    node.run('rotates', COUNT);
    await until('running', () => node.phase('rotates') === 'Running');
    const follow = node.follow('rotates');
    const followed = (rounds: number) =>
      until('the follower', () => follow.text().split('done\n').length - 1 === rounds);
    const stdin = node.attach('rotates');
    for (let round = 1; round <= 3; round++) {
      stdin.send('10000\n');
      // Only once the follower has all: one that is two rotations behind loses what lies between, here as on a node.
      await followed(round);
      knobs.containerLogMaxSize = 1;
      await node.waitLog('rotates', /^$/);
      knobs.containerLogMaxSize = Infinity;
    }
    stdin.send('1\n');
    expect(await node.waitLog('rotates', /done/)).toBe('0\ndone\n');
    await followed(4);
    node.remove('rotates', 0);
    const text = await follow.done;
    const round = (count: number): string => [...Array(count).keys(), 'done'].join('\n') + '\n';
    expect(text === round(10_000).repeat(3) + round(1)).toBe(true);
    knobs.containerLogMaxSize = 10 * 1024 * 1024;
  });

  it('is refused to follow beyond the limit: the log so far, then an error as text', async () => {
    node.run('popular', 'print("hello", flush=True); import time; time.sleep(100)');
    await node.waitLog('popular', /hello/);
    node.kubelet.knobs.maxFollows = 1;
    const first = node.follow('popular');
    await until('the first', () => first.text() === 'hello\n');
    expect(await node.log('popular', { follow: true })).toEqual({
      text: 'hello\nfailed to create fsnotify watcher: too many open files',
    });
    first.stop();
    expect(await first.done).toBe('hello\n');
    node.kubelet.knobs.maxFollows = Infinity;
  });

  it.each([
    [0, true],
    [1, false],
  ])('loses the unread tail with probability %d', async (loseTail, whole) => {
    node.kubelet.knobs.loseTail = loseTail;
    const name = `tail-${String(loseTail)}`;
    const source =
      'import os\ninput(); print("start"); input()\nfor i in range(6): os.write(1, b"x" * 8191 + b"\\n")\nos._exit(0)';
    node.run(name, source);
    await until('running', () => node.phase(name) === 'Running');
    const attach = node.attach(name, { stdout: true });
    attach.stall(1e9); // from its first output on the container is not read any more
    attach.send('\n');
    await until('the first output', () => attach.text(1) !== '');
    attach.send('\n');
    await until('the end', () => node.phase(name) === 'Succeeded');
    const { length } = (await node.log(name)).text;
    if (whole) expect(length).toBe(6 + 6 * 8192);
    else expect(length).toBeLessThan(7); // its newline may be a write of its own
    node.kubelet.knobs.loseTail = 0.5;
  });

  it('loses nothing of a million lines that are followed', async () => {
    Object.assign(node.kubelet.knobs, { loseTail: 0, containerLogMaxSize: Infinity });
    node.run('million', 'for i in range(1000000): print(i)', {
      container: { command: ['python3', '-c', 'input()\nfor i in range(1000000): print(i)'] },
    });
    await until('running', () => node.phase('million') === 'Running');
    const follow = node.log('million', { follow: true });
    node.attach('million').send('\n');
    const { text } = await follow;
    const lines = text.split('\n');
    expect(lines).toHaveLength(1_000_001);
    expect(lines.every((line, i) => line === String(i) || i === 1_000_000)).toBe(true);
  }, 300_000);
});
