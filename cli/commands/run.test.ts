import { beforeEach, describe, expect, test } from '@jest/globals';
import { ReaderGone } from '../errors.ts';
import { realClock } from '../node-ports.ts';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';
import { record } from '../values/value.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

beforeEach(() => {
  terminal.files['hello.py'] = 'def main(): pass\n';
});

function bodies(): string[] {
  return server.seen.filter(({ method }) => method !== 'GET').map(({ body }) => body);
}

test('output to stdout and stderr, exit 0', async () => {
  server.onStart = (id) => {
    server.print(id, 'hello\n');
    server.print(id, 'warning\n', 'stderr');
    server.enter(id, 'READY');
    server.enter(id, 'COMPLETE');
  };

  const code = await terminal.run(
    'run',
    '-q',
    'hello.py',
    'world',
    '--times=3',
    '--timeout=5',
    '--init.mode=fast',
    '--subarray_id=2',
  );

  expect([code, terminal.out, terminal.err]).toEqual([0, 'hello\n', 'warning\n']);
  expect(bodies()).toEqual([
    '{"script":{"script_type":"inline","script_uri":"inline://hello.py","content":"def main(): pass\\n"},' +
      '"script_args":{"init":{"args":[],"kwargs":{"subarray_id":2,"mode":"fast"}}}}',
    '{"script_args":{"main":{"args":["world"],"kwargs":{"times":3,"timeout":5}}},"state":"RUNNING"}',
  ]);
});

describe('the verdict', () => {
  test.each([
    ['COMPLETE', {}, 0],
    ['FAILED', { failure: record({ type: 'ValueError', message: 'no' }) }, 1],
    ['FAILED', { exit_code: 3n, reason: 'SystemExit' }, 1],
    ['FAILED', { signal: 9n, reason: 'Killed' }, 137],
    ['STOPPED', {}, 143],
    ['UNKNOWN', { reason: 'NodeLost' }, 8],
  ])('%s %o: %i', async (state, fields, expected) => {
    server.onStart = (id) => {
      server.enter(id, state, { fields: record(fields) });
      if (state === 'UNKNOWN') server.endStreams();
    };
    // A lost node leaves the streams open until the server gives up.
    const ending = setInterval(() => {
      if (state === 'UNKNOWN') server.endStreams();
    }, 20);
    expect(await terminal.run('run', 'hello.py')).toBe(expected);
    clearInterval(ending);
  });

  test('a script that fails in init: trace and reason', async () => {
    server.afterCreate = ['IDLE', 'LOADING', 'IDLE', 'INITIALISING'];
    const code = terminal.run('run', 'hello.py');
    await terminal.until(() => terminal.err !== '');
    server.print(1, 'from init\n');
    const failure = record({ type: 'ValueError', message: 'no' });
    server.enter(1, 'FAILED', { stacktrace: 'Traceback:\nValueError: no\n', fields: record({ failure }) });

    expect(await code).toBe(1);
    expect(terminal.out).toBe('from init\n');
    expect(terminal.err).toBe(
      'oet: procedure 1 created\nTraceback:\nValueError: no\noet: procedure 1 FAILED (ValueError: no)\n',
    );
    expect(bodies()).toHaveLength(1);
  });
});

describe('stopping', () => {
  test('Ctrl-C stops the script and shows its last words', async () => {
    server.onStart = (id) => server.print(id, 'begin\n');
    server.onStop = (id) => {
      server.print(id, 'cleaning up\n');
      server.enter(id, 'STOPPED');
    };
    const code = terminal.run('run', 'hello.py');
    await terminal.until(() => terminal.out !== '');
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.out).toBe('begin\ncleaning up\n');
    expect(bodies().at(-1)).toBe('{"abort":false,"state":"STOPPED"}');
  });

  test('Ctrl-C before it is READY', async () => {
    server.afterCreate = ['IDLE', 'LOADING'];
    const code = terminal.run('run', 'hello.py');
    await terminal.until(() => terminal.err.includes('created'));
    terminal.interrupt.abort();
    expect(await code).toBe(130);
    expect(server.state(1)).toBe('STOPPED');
  });

  test('--timeout', async () => {
    const code = await terminal.run('run', '--timeout=100ms', 'hello.py');
    expect(code).toBe(7);
    expect(terminal.err).toContain('oet: the time is over: stopping procedure 1\n');
    expect(server.state(1)).toBe('STOPPED');
  });
});

describe('when stdout has gone', () => {
  test('says that the script goes on, and stops nothing', async () => {
    terminal.outError = new ReaderGone();
    server.onStart = (id) => server.print(id, 'hello\n');

    expect(await terminal.run('run', '-q', 'hello.py')).toBe(9);
    expect(terminal.err).toBe(
      'oet: nobody reads the output any more; procedure 1 goes on; oet procedure stop --pid=1 stops it\n',
    );
    expect(server.state(1)).toBe('RUNNING');
  });

  test('sees a stop to its end: Ctrl-C has ended the other programs of the pipeline, too', async () => {
    server.onStart = (id) => server.print(id, 'begin\n');
    server.onStop = (id) => {
      server.print(id, 'cleaning up\n');
      setTimeout(() => server.enter(id, 'STOPPED'), 20);
    };
    const code = terminal.run('run', 'hello.py');
    await terminal.until(() => terminal.out !== '');
    terminal.outError = new ReaderGone();
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.err).toMatch(/oet: procedure 1 STOPPED\n$/);
  });

  test('looks for a Ctrl-C that came with it after the pause, however late its timer is', async () => {
    terminal.outError = new ReaderGone();
    server.onStart = (id) => server.print(id, 'hello\n');
    // As after a stall: the timer is first, what waits to be read (a signal, too) comes after all timers.
    terminal.clock = {
      ...realClock,
      sleep: async (ms, signal) => {
        if (signal !== terminal.interrupt.signal) return realClock.sleep(ms, signal);
        setImmediate(() => terminal.interrupt.abort());
      },
    };

    expect(await terminal.run('run', 'hello.py')).toBe(130);
    expect(server.state(1)).toBe('STOPPED');
  });
});

test('Ctrl-C before the answer to create waits for it and stops what was created', async () => {
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    server.intercept = ({ method }, response) => {
      if (method !== 'POST') return false;
      server.add({ states: ['IDLE'] });
      const body = '{"id":1,"state":"CREATING","script":{"script_uri":"inline://hello.py"}}';
      answer = () => response.writeHead(201).end(body);
      resolve();
      return true;
    };
  });
  const code = terminal.run('run', 'hello.py');
  await asked;
  terminal.interrupt.abort();
  await terminal.until(() => terminal.err.includes('waiting for the number of the procedure'));
  answer();

  expect(await code).toBe(130);
  expect(server.state(1)).toBe('STOPPED');
});

test('a stop that does not get through is told once, and tried again', async () => {
  server.onStart = (id) => server.print(id, 'begin\n');
  let refused = 0;
  server.intercept = ({ method, body }, response) => {
    if (method !== 'PUT' || !body.includes('STOPPED') || refused > 1) return false;
    refused += 1;
    response.writeHead(503).end('away');
    return true;
  };
  const code = terminal.run('run', 'hello.py');
  await terminal.until(() => terminal.out !== '');
  terminal.interrupt.abort();

  expect(await code).toBe(130);
  expect(terminal.err.split('\n').filter((line) => line.includes('did not get through'))).toEqual([
    'oet: the stop did not get through (stop of procedure 1: the server answered 503: away); trying again',
  ]);
});

test('a server that goes away and comes back: nothing lost, main started once', async () => {
  let starts = 0;
  server.onStart = (id) => {
    starts += 1;
    server.print(id, 'one\n');
    // The answer to the start is lost, too.
    void server.down().then(async () => {
      server.print(id, 'two\n');
      await server.up();
      server.print(id, 'three\n');
      server.enter(id, 'COMPLETE');
    });
  };
  expect(await terminal.run('run', '-q', 'hello.py')).toBe(0);
  expect(terminal.out).toBe('one\ntwo\nthree\n');
  expect(starts).toBe(1);
});

test.each([
  [['run'], 2, /SCRIPT is missing/],
  [['run', 'nowhere.py'], 2, /no file 'nowhere.py'/],
  [['run', '--timeout=soon', 'hello.py'], 2, /--timeout takes a duration/],
  [['run', 'hello.py', '--x=1e400'], 2, /--x: 1e400/],
])('%j', async (words, code, message) => {
  expect(await terminal.run(...words)).toBe(code);
  expect(terminal.err).toMatch(message);
  expect(server.seen).toEqual([]);
});
