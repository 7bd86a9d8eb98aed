import { expect, test } from '@jest/globals';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

function announce(msg: unknown): object {
  return { topic: 'user.script.announce', msg_src: '1', msg };
}

async function listening(...words: string[]): Promise<{ code: Promise<number> }> {
  const code = terminal.run('listen', ...words);
  await server.events.attachedClients(1);
  return { code };
}

async function quit({ code }: { code: Promise<number> }): Promise<string[]> {
  terminal.interrupt.abort();
  expect(await code).toBe(130);
  return terminal.out.trimEnd().split('\n');
}

test('a line per known event, each once through cuts and an outage', async () => {
  const running = await listening();
  const expected: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    // Each disturbance meets a client that has come back from the one before.
    if ([3, 5, 7].includes(n % 10)) await server.events.attachedClients(1);
    if (n % 10 === 3) server.cut();
    if (n % 10 === 5) server.endStreams();
    if (n % 10 === 7) {
      server.events.sendRaw('id: 999\ndata: {"topic":"user.script.announce","msg":"half');
      await server.down();
    }
    server.events.send(announce(`message ${n}`));
    if (n % 10 === 7) await server.up();
    expected.push(`- Script message: message ${n}`);
    if (n === 0) await terminal.until(() => terminal.out !== '');
  }
  await terminal.until(() => terminal.out.includes('message 19'));
  expect(await quit(running)).toEqual(expected);
});

const EVENTS = [
  { topic: 'request.procedure.list' },
  { topic: 'procedure.pool.list', result: [] },
  { topic: 'procedure.lifecycle.statechange', msg_src: '7', new_state: 'READY' },
  { topic: 'procedure.lifecycle.stacktrace', msg_src: '7', stacktrace: 'x' },
  { topic: 'procedure.lifecycle.created', result: { id: 7, script: { script_uri: 'file:///a.py' }, script_args: {} } },
  {
    topic: 'procedure.lifecycle.failed',
    result: { id: 7, script: { script_uri: 'file:///a.py' }, script_args: { init: { kwargs: { subarray_id: 1 } } } },
  },
  { topic: 'procedure.lifecycle.stopped', result: [] },
  { topic: 'my.own.topic', msg: 'x' },
  { topic: 'scan.lifecycle.start', sb_id: 'sb-1', scan_id: 2 },
  { topic: 'scan.lifecycle.start' },
  announce([1, null]),
  announce('end'),
];
const CREATED = '- Procedure 7 (file:///a.py) ready for execution';
const FAILED = '- Procedure 7 (file:///a.py) execution failed on subarray 1';
const STOPPED = '- Procedure stopped';
const SCAN = '- SB sb-1: scan 2 starting';
const MESSAGES = ['- Script message: [1, None]', '- Script message: end'];

test.each([
  [[], [CREATED, FAILED, STOPPED, SCAN, ...MESSAGES]],
  [
    ['--exclude=procedure,scan.lifecycle.configure'],
    ['- User request to list all the procedures is received', SCAN, ...MESSAGES],
  ],
  [
    ['--topics=scan,user', '--exclude='],
    [SCAN, ...MESSAGES],
  ],
  [['scan,user'], [SCAN, ...MESSAGES]],
])('%j', async (words, lines) => {
  const running = await listening(...words);
  for (const event of EVENTS) server.events.send(event);
  await terminal.until(() => terminal.out.includes('message: end'));
  expect(await quit(running)).toEqual(lines);
});

test('-o json shows every event asked for', async () => {
  const running = await listening('-o', 'json', '--topics=my,user');
  for (const event of EVENTS) server.events.send(event);
  await terminal.until(() => terminal.out.includes('"end"'));
  expect(await quit(running)).toEqual([
    '{"topic":"my.own.topic","msg":"x"}',
    '{"topic":"user.script.announce","msg_src":"1","msg":[1,null]}',
    '{"topic":"user.script.announce","msg_src":"1","msg":"end"}',
  ]);
});

test('what is no JSON is told and passed over', async () => {
  const running = await listening();
  server.events.sendRaw('data: {"topic"\n\n');
  server.events.send(announce('end'));
  await terminal.until(() => terminal.out.includes('end'));
  await quit(running);
  expect(terminal.err).toMatch(/^oet: an event that is no JSON \(.*\)\n$/);
});

test('a server that is not there at the beginning', async () => {
  await server.down();
  expect(await terminal.run('listen')).toBe(3);
  await server.up();
});
