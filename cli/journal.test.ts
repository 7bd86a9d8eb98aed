import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitLines } from './journal.ts';
import { Terminal } from './testing/terminal.ts';

function entry(n: number, k: string, fields: object): string {
  return JSON.stringify({ n, t: 1_769_000_000_000_000 + n, k, ...fields });
}

const LOG = [
  'a warning of the interpreter',
  entry(1, 'hello', { v: 1, nonce: 'ab', python: '3.11.2', undumpable: true, pid: 1 }),
  entry(2, 'state', { state: 'RUNNING' }),
  entry(3, 'out', { s: 'stdout', d: 'hellö\n' }),
  entry(3, 'out', { s: 'stdout', d: 'hellö\n' }),
  entry(4, 'out', { s: 'stderr', d: 'warning\n' }),
  entry(5, 'out', { s: 'stdout', b: Buffer.from([0xff, 0x0a]).toString('base64') }),
  entry(6, 'tick', {}),
  entry(9, 'gap', { s: 'stdout', bytes: 70000 }),
  entry(10, 'part', { i: 1, of: 2, j: '{"k":"error","type":"ValueError","message":"no","stackTrace":"Trace' }),
  entry(11, 'part', { i: 2, of: 2, j: 'back:\\nValueError: no\\n"}' }),
  entry(12, 'end', { state: 'FAILED', reason: 'ScriptError', message: 'ValueError: no', exitCode: 1, signal: null }),
].join('\n');

test('a pod’s log becomes plain text', async () => {
  const terminal = new Terminal();
  terminal.stdin = [`${LOG}\n`];
  expect(await terminal.run('journal')).toBe(0);
  expect(terminal.outBytes.equals(Buffer.concat([Buffer.from('hellö\n'), Buffer.from([0xff, 0x0a])]))).toBe(true);
  expect(terminal.err).toBe(`a warning of the interpreter
warning
oet: entries 7 to 8 are missing
oet: 70000 bytes of stdout were not kept here
Traceback:
ValueError: no
oet: FAILED (ScriptError: ValueError: no) exit code 1
`);
});

test('--all tells of states, too', async () => {
  const terminal = new Terminal();
  terminal.stdin = [LOG];
  expect(await terminal.run('journal', '-a')).toBe(0);
  expect(terminal.err).toContain('oet: state {"state":"RUNNING"}\n');
});

test('lines are the same however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.array(fc.nat({ max: 40 })), async (text, cuts) => {
      const bytes = Buffer.from(text);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        let at = 0;
        for (const length of cuts) {
          yield bytes.subarray(at, at + length);
          at += length;
        }
        yield bytes.subarray(at);
      }
      const lines = await Array.fromAsync(splitLines(chunks()));
      expect(lines.join('\n')).toBe(bytes.toString().replace(/\n$/, ''));
    }),
  );
});
