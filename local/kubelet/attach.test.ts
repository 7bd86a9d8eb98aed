import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNode, until, type TestNode } from './testing.ts';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(() => node.close());

const NOT_FOUND = 'Internal error occurred: unable to upgrade connection: container main not found in pod';
const ECHO = `
import sys
print('hello', flush=True)
for line in sys.stdin: print('got', line.strip(), flush=True)
`;
/** Reads lines and tells them as runs of equal letters. */
const RUNS = `
import itertools, os, time

print('hello', flush=True)
rest = b''
while True:
    data = os.read(0, 65536)
    *lines, rest = (rest + data).split(b'\\n')
    for line in lines:
        if line == b'sleep': time.sleep(0.5)
        else: print('line', *(chr(k) + str(len(list(g))) for k, g in itertools.groupby(line)), flush=True)
`;

describe('an attach that cannot work', () => {
  it('opens, takes bytes, and says that they are lost: before the container is there', async () => {
    node.kubelet.knobs.attachLossMs = 300;
    node.run('early', ECHO);
    const attach = node.attach('early', { stdout: true });
    expect(attach.closed()).toBeUndefined();
    attach.send('lost\n');
    await attach.done;
    expect(attach.status()).toMatchObject({ status: 'Failure', code: 500, message: `${NOT_FOUND} early_test` });
    expect(attach.closed()).toBe(1000);
    node.kubelet.knobs.attachLossMs = 0;
    await node.waitLog('early', /hello/);
    node.attach('early').send('kept\n');
    expect(await node.waitLog('early', /kept/)).toBe('hello\ngot kept\n');
  });

  it('does the same after the end', async () => {
    node.run('ended', '');
    await until('the end', () => node.phase('ended') === 'Succeeded');
    const attach = node.attach('ended');
    await attach.done;
    expect(attach.status()).toMatchObject({ status: 'Failure', message: `${NOT_FOUND} ended_test` });
    expect(attach.closed()).toBe(1000);
  });

  it('is a success without stdin, whatever was sent', async () => {
    node.run('no-stdin', 'import time; time.sleep(100)', { container: { stdin: false } });
    await until('running', () => node.phase('no-stdin') === 'Running');
    const attach = node.attach('no-stdin');
    await attach.done;
    expect(attach.status()).toEqual({ metadata: {}, status: 'Success' });
    expect(attach.closed()).toBe(1000);
  });
});

describe('stdin', () => {
  it('never ends by a detach', async () => {
    node.run('stays', ECHO);
    await node.waitLog('stays', /hello/);
    for (const word of ['one', 'two']) {
      const attach = node.attach('stays');
      attach.send(`${word}\n`);
      await node.waitLog('stays', new RegExp(`got ${word}`));
      attach.close();
    }
    expect(node.phase('stays')).toBe('Running');
  });

  it('ends by the first detach where stdinOnce says so', async () => {
    node.run('once', ECHO, { container: { stdinOnce: true } });
    await node.waitLog('once', /hello/);
    const attach = node.attach('once');
    attach.send('one\n');
    await node.waitLog('once', /got one/);
    attach.close();
    await until('the end', () => node.phase('once') === 'Succeeded');
  });

  it('ends, where stdinOnce says so, when the client ends it; the output goes on', async () => {
    node.run('piped', 'import sys; text = sys.stdin.read(); print(len(text))', { container: { stdinOnce: true } });
    await until('running', () => node.phase('piped') === 'Running');
    const attach = node.attach('piped', { stdout: true });
    attach.send('x'.repeat(500_000));
    attach.end();
    await attach.done;
    expect(attach.text(1)).toBe('500000\n');
  });

  it('has the bytes of two attaches spliced, those of a closed one included', async () => {
    node.run('spliced', RUNS);
    await node.waitLog('spliced', /hello/);
    const first = node.attach('spliced');
    first.send('sleep\n');
    await new Promise((resolve) => setTimeout(resolve, 100)); // the reader sleeps
    first.send(`${'a'.repeat(2e6)}\n`);
    first.close();
    node.attach('spliced').send('bbb\n');
    const text = await node.waitLog('spliced', /(line.*\n){2}/);
    expect(text).toMatch(/a\d+ b3\n/);
    const letters = [...text.matchAll(/a(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(letters).toBe(2e6);
  });
});

describe('the output of an attach', () => {
  it("ends with Success at the container's end, both streams told apart", async () => {
    node.run('both', 'import sys; input(); sys.stderr.write("err\\n"); print("out")');
    await until('running', () => node.phase('both') === 'Running');
    const attach = node.attach('both', { stdout: true, stderr: true });
    attach.send('\n');
    await attach.done;
    expect([attach.text(1), attach.text(2)]).toEqual(['out\n', 'err\n']);
    expect(attach.status()).toEqual({ metadata: {}, status: 'Success' });
    expect(attach.closed()).toBe(1000);
  });

  it('that nobody reads holds up the container', async () => {
    node.run(
      'held-up',
      'import os\ninput()\nfor i in range(100): os.write(1, b"x" * 65535 + b"\\n"); os.write(2, b"%d\\n" % i)',
    );
    await until('running', () => node.phase('held-up') === 'Running');
    const attach = node.attach('held-up', { stdout: true });
    attach.stall(10 * 1024 * 1024);
    attach.send('\n');
    await until('some output', () => attach.text(1).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300)); // it would be done by now
    expect(attach.text(1).length).toBeLessThan(10 * 65536);
    expect(node.phase('held-up')).toBe('Running');
    attach.stall(0);
    await attach.done;
    expect(attach.text(1)).toHaveLength(100 * 65536);
  });
});
