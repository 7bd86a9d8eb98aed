import { expect, test } from '@jest/globals';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

test('follows until the end', async () => {
  server.add({ states: ['READY', 'RUNNING'] });
  const code = terminal.run('procedure', 'logs', '1', '-f');
  server.print(1, 'one\n');
  await terminal.until(() => terminal.out === 'one\n');
  server.print(1, 'two\n', 'stderr');
  server.enter(1, 'COMPLETE');

  expect(await code).toBe(0);
  expect(terminal.out).toBe('one\ntwo\n');
  expect(terminal.err).toBe('');
});

test('byte for byte once through resets, proper ends and an outage', async () => {
  server.add({ states: ['READY', 'RUNNING'] });
  // Cut within characters, and with bytes that are no UTF-8.
  const whole = Buffer.concat([Buffer.from('ä€🎉\n'.repeat(300)), Buffer.from([0xff, 0xfe, 0x0a])]);
  const code = terminal.run('procedure', 'logs', '1', '--follow');
  const disturb = [
    () => {
      server.cut();
      return Promise.resolve();
    },
    () => {
      server.endStreams();
      return Promise.resolve();
    },
    async () => {
      await server.down();
      await server.up();
    },
  ];

  const step = 97;
  for (let at = 0; at < whole.length; at += step) {
    server.print(1, whole.subarray(at, at + step));
    await terminal.until(() => terminal.outBytes.length >= Math.min(at + step, whole.length));
    if (at % (8 * step) === 0) await disturb[(at / (8 * step)) % disturb.length]?.();
  }
  server.enter(1, 'COMPLETE');

  expect(await code).toBe(0);
  expect(terminal.outBytes.equals(whole)).toBe(true);
});

test('one of the streams only, and what there is without following', async () => {
  server.add({ states: ['READY', 'RUNNING'] });
  server.print(1, 'out\n');
  server.print(1, 'err\n', 'stderr');
  expect(await terminal.run('procedure', 'logs', '1', '--stream=stderr')).toBe(0);
  expect(terminal.out).toBe('err\n');
  expect(await terminal.run('procedure', 'logs', '1', '--stream=both')).toBe(0);
  expect(terminal.out).toBe('err\nout\nerr\n');
});

test('mistakes', async () => {
  expect(await terminal.run('procedure', 'logs', 'x')).toBe(2);
  expect(await terminal.run('procedure', 'logs', '1', '--stream=x')).toBe(2);
  expect(await terminal.run('procedure', 'logs', '9', '-f')).toBe(4);
  expect(terminal.err).toBe(
    "oet: --pid takes the number of a procedure or activity, not 'x'\noet: --stream takes stdout or stderr, not 'x'\noet: No information available for PID=9\n",
  );
});

test('Ctrl-C ends following', async () => {
  server.add({ states: ['READY', 'RUNNING'] });
  server.print(1, 'one\n');
  const code = terminal.run('procedure', 'logs', '1', '-f');
  await terminal.until(() => terminal.out !== '');
  terminal.interrupt.abort();
  expect(await code).toBe(130);
});
