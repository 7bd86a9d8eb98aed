import { expect, test } from '@jest/globals';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

test.each([
  [['READY'], ['--for=READY'], 0, 'READY\n'],
  [['READY', 'RUNNING', 'COMPLETE'], ['--for', 'running'], 0, 'COMPLETE\n'],
  [['READY', 'COMPLETE'], ['--for=READY'], 1, 'COMPLETE\n'],
  [['FAILED'], ['--for=COMPLETE,STOPPED'], 1, 'FAILED\n'],
  [['FAILED'], [], 0, 'FAILED\n'],
  [['READY'], ['--for=COMPLETE', '--timeout=50ms'], 7, ''],
  [['READY'], ['--for=NOWHERE'], 2, ''],
])('%j, wait %j: exit %i', async (states, words, code, out) => {
  server.add({ states });
  expect(await terminal.run('procedure', 'wait', '1', ...words)).toBe(code);
  expect(terminal.out).toBe(out);
});

test('waits for what comes later, through an outage', async () => {
  server.add({ states: ['READY'] });
  const code = terminal.run('procedure', 'wait', 'procedure/1', '--for=COMPLETE', '--timeout=30');
  await server.down();
  server.enter(1, 'COMPLETE');
  await server.up();
  // The server may have gone before the first question: then there is nothing to wait for.
  expect([0, 3]).toContain(await code);
});

test('delete', async () => {
  server.add();
  expect(await terminal.run('procedure', 'delete', '1')).toBe(0);
  expect(await terminal.run('procedure', 'delete', '1')).toBe(4);
  expect(terminal.out).toBe('procedure/1 deleted\n');
});
