import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliError, ReaderGone } from './errors.ts';
import { FakeServer } from './testing/fake-server.ts';
import { Terminal } from './testing/terminal.ts';
import { parseJson } from './values/json.ts';
import { record, type ValueMap } from './values/value.ts';

let server: FakeServer;
let terminal: Terminal;

beforeEach(async () => {
  server = await FakeServer.listen();
  terminal = new Terminal(server.url);
});

afterEach(async () => {
  terminal.interrupt.abort();
  await server.down();
});

const HINT = ' For more details:- oet procedure describe --pid=<id>';

function posted(): string {
  return server.seen.find(({ method }) => method === 'POST' || method === 'PUT')?.body ?? '';
}

describe('oet procedure create', () => {
  test('prints the table of upstream', async () => {
    const code = await terminal.run('procedure', 'create', 'file://test.py');

    expect(terminal.out).toBe(`  ID  Script          Creation Time        State
----  --------------  -------------------  --------
   1  file://test.py  2020-09-30 10:30:12  CREATING
${HINT}
`);
    expect([code, terminal.err]).toEqual([0, '']);
  });

  test.each([
    [
      ['file:///a.py'],
      '"init":{"args":[],"kwargs":{"subarray_id":1}}',
      '"script":{"script_type":"filesystem","script_uri":"file:///a.py"}',
    ],
    [
      [
        'file:///a.py',
        'hello',
        '1.0',
        '--subarray_id=2',
        '--big=1180591620717411303424',
        '--verbose',
        '--noisy',
        '-x',
        '3',
        '--my-arg={a: [1e2]}',
      ],
      '"init":{"args":["hello",1.0],"kwargs":{"subarray_id":2,"big":1180591620717411303424,"verbose":true,"isy":false,"x":3,"my_arg":{"a":[100.0]}}}',
      '"script_type":"filesystem"',
    ],
    [
      [
        'git://a/b.py',
        '--git_repo=https://example.org/r.git',
        '--git-branch',
        'main',
        '--create_env=True',
        '--output=x',
      ],
      '"kwargs":{"subarray_id":1,"output":"x"}',
      '"script":{"script_type":"git","script_uri":"git://a/b.py","git_args":{"git_repo":"https://example.org/r.git","git_branch":"main"},"create_env":true}',
    ],
    [['git://a.py', '--git_commit=1234567'], '', '"git_args":{"git_commit":"1234567"},"create_env":false'],
    [['configmap://scripts/a.py'], '', '"script_type":"configmap","script_uri":"configmap://scripts/a.py"'],
    [
      ['./local.py'],
      '',
      '"script":{"script_type":"inline","script_uri":"inline://local.py","content":"def main():\\n  print(\\"é\\")\\n"}',
    ],
  ])('%j is sent without loss', async (words, args, script) => {
    terminal.files['./local.py'] = 'def main():\n  print("é")\n';

    expect(await terminal.run('procedure', 'create', ...words)).toBe(0);

    expect(posted()).toContain(args);
    expect(posted()).toContain(script);
  });

  test.each([
    [[], /SCRIPT_URI is missing/],
    [['file:///a.py', '--x=1e400'], /--x: 1e400 is too large for a float/],
    [['file:///a.py', 'ok', '{1,2}'], /argument 2: a set has no form in JSON/],
    [['http://a.py'], /Script URI type not handled: http:/],
    [['nowhere.py'], /no file 'nowhere.py' on this machine/],
    [['file:///a.py', '--git_branch=main'], /--git_branch is for git:\/\/ scripts only/],
    [['git://a.py', '--create_env=maybe'], /--create_env takes True or False, not 'maybe'/],
  ])('%j is a usage error', async (words, message) => {
    expect(await terminal.run('procedure', 'create', ...words)).toBe(2);
    expect(terminal.err).toMatch(message);
    expect(terminal.out).toBe('');
    expect(server.seen).toEqual([]);
  });

  test.each([
    ['name', 'procedure/1\n'],
    ['json', /^\{\n {2}"id": 1,\n[^]*"subarray_id": 1\n/],
    ['yaml', /^id: 1\nuri: [^]*\n {6}subarray_id: 1\n/],
    ['wide', /State +Started +Ended +Exit +Name +Reason\n/],
  ])('-o %s', async (format, expected) => {
    expect(await terminal.run('procedure', 'create', 'file:///a.py', '-o', format)).toBe(0);
    if (typeof expected === 'string') expect(terminal.out).toBe(expected);
    else expect(terminal.out).toMatch(expected);
  });
});

describe('oet procedure list', () => {
  test('nothing', async () => {
    expect(await terminal.run('procedure', 'list')).toBe(0);
    expect(terminal.out).toBe('  ID  Script    Creation Time    State\n----  --------  ---------------  -------\n');
  });

  test.each([
    [
      'all',
      [],
      ['   1  file://test.py  2020-09-30 10:30:12  READY', '   2  file:///b.py    2020-09-30 10:30:12  COMPLETE'],
    ],
    ['one', ['--pid=2'], ['   2  file:///b.py  2020-09-30 10:30:12  COMPLETE']],
    ['one by its first letter', ['-p', '2'], ['   2  file:///b.py  2020-09-30 10:30:12  COMPLETE']],
    ['one as a word', ['procedure/2'], ['   2  file:///b.py  2020-09-30 10:30:12  COMPLETE']],
  ])('%s', async (_, words, rows) => {
    server.add();
    server.add({ uri: 'file:///b.py', states: ['READY', 'RUNNING', 'READY', 'COMPLETE'] });

    expect(await terminal.run('procedure', 'list', ...words)).toBe(0);

    expect(terminal.out.split('\n').slice(2)).toEqual([...rows, HINT, '']);
  });

  test('unknown id, wrong id, unknown option', async () => {
    expect(await terminal.run('procedure', 'list', '--pid=7')).toBe(4);
    expect(await terminal.run('procedure', 'list', '--pid=x')).toBe(2);
    expect(await terminal.run('procedure', 'list', '--all')).toBe(2);
    expect(terminal.err.split('\n')).toEqual([
      'oet: No information available for PID=7',
      "oet: --pid takes the number of a procedure or activity, not 'x'",
      "oet: unknown option '--all'; this command has --pid, --output, --server-url",
      '',
    ]);
  });
});

describe('oet procedure describe', () => {
  test('a git script that failed', async () => {
    server.add({
      uri: 'git://a.py',
      states: ['IDLE', 'RUNNING', 'FAILED'],
      git: record({ git_repo: 'https://example.org/r.git', git_branch: 'main', git_commit: null }),
      scriptArgs: parseJson(
        '{"init":{"args":[],"kwargs":{"a":true,"f":1.0,"n":null}},"main":{"args":["x",2e2],"kwargs":{}}}',
      ) as ValueMap,
    });
    server.enter(1, 'FAILED', { stacktrace: 'Traceback (most recent call last):\nValueError: no\n' });

    expect(await terminal.run('procedure', 'describe')).toBe(0);

    expect(terminal.out.replace(/http:\S+/, 'URI').replace(/-{50,}/, '-----')).toBe(
      `  ID  Script      URI
----  ----------  -----
   1  git://a.py  URI

Time                        State
--------------------------  ---------
2020-09-30 10:30:12.000000  CREATING
2020-09-30 10:30:12.250000  IDLE
2020-09-30 10:30:12.500000  RUNNING 1
2020-09-30 10:30:12.750000  FAILED
2020-09-30 10:30:13.000000  FAILED

  Index  Method    Arguments     Keyword Arguments
-------  --------  ------------  --------------------------------
      1  init      []            {'a': True, 'f': 1.0, 'n': None}
      2  main      ['x', 200.0]  {}

Repository                 Branch    Commit
-------------------------  --------  --------
https://example.org/r.git  main      None

Stack Trace:
------------
Traceback (most recent call last):
ValueError: no
`,
    );
  });

  test('a failure without a trace gives its reason', async () => {
    server.add({ states: ['FAILED'] });
    server.enter(1, 'FAILED', { fields: record({ reason: 'ImagePullFailed', message: 'no such image' }) });
    expect(await terminal.run('procedure', 'describe')).toBe(0);
    expect(terminal.out).toContain(
      '\n\nReason           Message\n---------------  -------------\nImagePullFailed  no such image\n',
    );
  });

  test.each([
    [{ sha256: 'e2'.repeat(32) }, ['Loaded SHA-256', '-'.repeat(64), 'e2'.repeat(32)]],
    [
      { commit: '10'.repeat(20), sha256: 'e2'.repeat(32) },
      [
        `Loaded Commit${' '.repeat(29)}Loaded SHA-256`,
        `${'-'.repeat(40)}  ${'-'.repeat(64)}`,
        `${'10'.repeat(20)}  ${'e2'.repeat(32)}`,
      ],
    ],
  ])('what was loaded, before the stack trace: %j', async (source, lines) => {
    server.add({ states: ['FAILED'] });
    server.enter(1, 'FAILED', { stacktrace: 'ValueError: no\n', fields: record({ source: record(source) }) });
    expect(await terminal.run('procedure', 'describe')).toBe(0);
    expect(terminal.out).toMatch(/\n\nStack Trace:\n-{12}\nValueError: no\n$/);
    expect(terminal.out.split('\n').slice(-9, -5)).toEqual(['', ...lines]);
  });

  test.each([
    ['CREATING', { reason: 'ImagePullBackOff', message: 'no such image' }, 'ImagePullBackOff  no such image'],
    ['STOPPED', { reason: 'GraceExceeded', message: 'killed after 10 s' }, 'GraceExceeded  killed after 10 s'],
    ['STOPPED', { reason: 'Stopped', message: 'user' }, undefined],
    ['COMPLETE', { reason: 'Completed' }, undefined],
    ['READY', { reason: 'Ready', message: 'waits for its start' }, undefined],
  ])('%s %j: why, where that is news', async (state, fields, row) => {
    server.add({ states: [state] });
    server.enter(1, state, { fields: record(fields) });
    expect(await terminal.run('procedure', 'describe')).toBe(0);
    if (row === undefined) expect(terminal.out).not.toContain('Reason');
    else expect(terminal.out).toMatch(new RegExp(`\n\nReason +Message\n-+ {2}-+\n${row}\n$`));
  });

  test('a deadline has its reason and, after it, the trace', async () => {
    server.add({ states: ['FAILED'] });
    const fields = record({ reason: 'DeadlineExceeded', message: 'main ran for more than 10 s' });
    server.enter(1, 'FAILED', { stacktrace: 'TerminateInterrupt: deadline\n', fields });
    expect(await terminal.run('procedure', 'describe')).toBe(0);
    expect(terminal.out).toMatch(
      /\nDeadlineExceeded  main ran for more than 10 s\n\nStack Trace:\n-{12}\nTerminateInterrupt: deadline\n$/,
    );
  });

  test('without procedures', async () => {
    expect(await terminal.run('procedure', 'describe')).toBe(4);
    expect(terminal.err).toBe('oet: No procedures to describe\n');
  });
});

describe('oet procedure start', () => {
  test('without listening', async () => {
    server.add();
    expect(await terminal.run('procedure', 'start', 'hi', '--x=1.0', '--listen=False')).toBe(0);
    expect(terminal.out.split('\n')[2]).toBe('   1  file://test.py  2020-09-30 10:30:12  READY');
    expect(posted()).toBe('{"script_args":{"main":{"args":["hi"],"kwargs":{"x":1.0}}},"state":"RUNNING"}');
  });

  test('shows the events from its start on, until Ctrl-C', async () => {
    server.add();
    const summary = {
      id: 1,
      script: { script_uri: 'file://test.py' },
      script_args: { init: { args: [], kwargs: { subarray_id: 3 } } },
    };
    server.onStart = () => {
      server.events.send({ topic: 'request.procedure.start', msg_src: 'FastAPIWorker', cmd: { process_uid: 1 } });
      server.events.send({ topic: 'procedure.lifecycle.statechange', msg_src: '1', new_state: 'RUNNING' });
      server.events.send({ topic: 'procedure.lifecycle.started', msg_src: 'SESWorker', result: summary });
      server.events.send({ topic: 'user.script.announce', msg_src: '1', msg: 'scan 2/10' });
      server.events.send({ topic: 'procedure.lifecycle.complete', msg_src: 'SESWorker', result: summary });
    };

    const code = terminal.run('procedure', 'start', '--pid=1');
    await terminal.until(() => terminal.out.includes('complete'));
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.out.split('\n').slice(3)).toEqual([
      HINT,
      '',
      'Events',
      '------',
      '',
      '- Procedure 1 (file://test.py) started execution on subarray 3',
      '- Script message: scan 2/10',
      '- Procedure 1 (file://test.py) execution complete 3',
      '',
    ]);
    expect(terminal.err).toBe('');
  });

  test('Ctrl-C while it runs says that it goes on', async () => {
    server.add();
    server.onStart = () =>
      server.events.send({ topic: 'procedure.lifecycle.complete', msg_src: '2', result: { id: 2 } });
    const code = terminal.run('procedure', 'start');
    await terminal.until(() => terminal.out.includes('------\n\n'));
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.err).toBe('oet: procedure 1 goes on; oet procedure stop --pid=1 stops it\n');
  });

  test.each([[[]], [['--pid=1']]])('one that is being prepared is waited for: %j', async (words) => {
    server.add({ states: ['IDLE', 'LOADING'] });
    const code = terminal.run('procedure', 'start', '--listen=False', ...words);
    await terminal.until(() => terminal.err !== '');
    server.enter(1, 'READY');

    expect(await code).toBe(0);
    expect(terminal.err).toBe('oet: procedure 1 is LOADING; waiting until it is READY\n');
    expect(terminal.out.split('\n')[2]).toMatch(/^ {3}1 .* READY$/);
  });

  test('one whose preparation fails is refused', async () => {
    server.add({ states: ['IDLE', 'INITIALISING'] });
    const code = terminal.run('procedure', 'start', '--pid=1');
    await terminal.until(() => terminal.err !== '');
    server.enter(1, 'FAILED');

    expect(await code).toBe(5);
    expect(terminal.err).toContain('\noet: Cannot start a procedure in state FAILED.\n');
  });

  test.each([
    ['no procedure', [], [], 4, 'No procedures to start'],
    ['one that runs', ['RUNNING'], ['--pid=1'], 5, 'Cannot start a procedure in state RUNNING.'],
    [
      'a last one that is over',
      ['COMPLETE'],
      [],
      5,
      'The last procedure created is in COMPLETE state and cannot be started, please specify a valid procedure ID.',
    ],
  ])('%s', async (_, states, words, code, message) => {
    if (states.length > 0) server.add({ states });
    expect(await terminal.run('procedure', 'start', ...words)).toBe(code);
    expect(terminal.err).toBe(`oet: ${message}\n`);
  });
});

test.each([
  ['the last one created', [], 'b'],
  ['by its number', ['1'], 'a'],
  ['by an option', ['--pid', 'procedure/1'], 'a'],
])('oet procedure logs: %s', async (_, words, out) => {
  for (const text of ['a', 'b']) server.print(server.add(), text);
  expect(await terminal.run('procedure', 'logs', ...words)).toBe(0);
  expect([terminal.out, terminal.err]).toEqual([out, '']);
});

test('oet procedure logs without procedures', async () => {
  expect(await terminal.run('procedure', 'logs')).toBe(4);
  expect(terminal.err).toBe('oet: No procedures to show\n');
});

describe('oet procedure stop', () => {
  test.each([
    [[], true, 'Successfully stopped script with ID 1 and aborted subarray activity\n'],
    [['--pid', '1', '--run_abort=False'], false, 'Successfully stopped script with ID 1\n'],
    [['--pid=1', '--norun-abort'], false, 'Successfully stopped script with ID 1\n'],
  ])('%j', async (words, abort, message) => {
    server.add({ states: ['READY', 'RUNNING'] });
    expect(await terminal.run('procedure', 'stop', ...words)).toBe(0);
    expect(terminal.out).toBe(message);
    expect(posted()).toBe(`{"abort":${abort},"state":"STOPPED"}`);
  });

  test('one that is over: the message of the server', async () => {
    server.add({ states: ['COMPLETE'] });
    expect(await terminal.run('procedure', 'stop', '--pid=1')).toBe(0);
    expect(terminal.out).toBe('Cannot stop script with ID 1: Script is not running\n');
  });

  test('none, or several that run', async () => {
    expect(await terminal.run('procedure', 'stop')).toBe(4);
    server.add({ states: ['RUNNING'] });
    server.add({ states: ['RUNNING'] });
    expect(await terminal.run('procedure', 'stop')).toBe(5);
    expect(terminal.err).toBe(
      'oet: No procedures to stop\noet: WARNING: More than one procedure is running. Specify ID of the procedure to stop.\n',
    );
  });
});

describe('help and mistakes', () => {
  test.each([
    [['--help'], /Usage: oet \[options\] \[command\]/],
    [['procedure', '--help'], /Usage: oet procedure/],
    [['procedure', 'create', 'file:///a.py', '--x=1', '--help'], /Usage: oet procedure create SCRIPT_URI/],
    [['procedure', 'start', '-h'], /Usage: oet procedure start/],
    [['run', '--help', 'x.py'], /Usage: oet run/],
    [['help', 'listen'], /Usage: oet listen/],
    [['help', 'procedure', 'wait'], /Usage: oet procedure wait/],
    [['procedure', 'help', 'wait'], /Usage: oet procedure wait/],
    [['--help', 'procedure', 'start', '--pid=1'], /Usage: oet procedure start/],
    [['procedure', '--help', 'start'], /Usage: oet procedure start/],
    [['--server-url', 'http://x', 'procedure', '--help'], /Usage: oet procedure \[/],
    [['help'], /Usage: oet \[/],
    [['activity', '--help'], /the REST API of this release has none yet/],
    [['activity', 'run', '--help'], /the REST API of\s+this release has none yet/],
    [['--version'], /^\d+\.\d+/],
  ])('%j', async (words, text) => {
    expect(await terminal.run(...words)).toBe(0);
    expect(terminal.out).toMatch(text);
    expect(terminal.err).toBe('');
  });

  test.each([
    [[], /Usage: oet/],
    [['procedure'], /Usage: oet procedure/],
    [['procedur'], /oet: unknown command 'procedur'[^]*Did you mean procedure\?/],
    [['procedure', 'strat'], /oet: unknown command 'strat'[^]*Did you mean start\?/],
    [['--frobnicate'], /oet: unknown option '--frobnicate'/],
    [['procedure', '--frobnicate'], /oet: unknown option '--frobnicate'/],
    [['help', 'frobnicate'], /oet: unknown command 'frobnicate'/],
    [['procedure', 'frobnicate', '--help'], /oet: unknown command 'frobnicate'/],
  ])('%j is a usage error', async (words, text) => {
    expect(await terminal.run(...words)).toBe(2);
    expect(terminal.err).toMatch(text);
    expect(terminal.out).toBe('');
  });
});

describe('servers', () => {
  test.each([
    [500, 'kaput', 8, 'oet: the list of procedures: the server answered 500: kaput\n'],
    [503, '<html>\n<b>away</b>', 8, 'oet: the list of procedures: the server answered 503: away\n'],
    [
      502,
      '<!doctype html>\n<html><head><title>502\n Bad Gateway</title></head><body><h1>nginx</h1></body></html>',
      8,
      'oet: the list of procedures: the server answered 502: 502 Bad Gateway\n',
    ],
    [504, '{"detail":"Timeout waiting for x"}', 7, 'oet: Timeout waiting for x\n'],
    [401, '{"detail":"Unauthorized"}', 5, 'oet: Unauthorized\n'],
    [409, '{"detail":"state is RUNNING"}', 5, 'oet: state is RUNNING\n'],
    [
      404,
      '{"detail":{"type":"ResourceNotFound","Message":"No information available for ID=7"}}',
      4,
      'oet: No information available for ID=7\n',
    ],
    [
      422,
      '{"detail":[{"type":"value_error","loc":["body","script","filesystem"],"msg":"Value error, Incorrect prefix"},{"loc":["path",0],"msg":"no"}]}',
      6,
      'oet: script.filesystem: Value error, Incorrect prefix\npath.0: no\n',
    ],
    [
      200,
      '<html>',
      8,
      expect.stringMatching(/^oet: the list of procedures: the server's answer is no JSON .* the API\?\n$/),
    ],
    [200, '{}', 8, "oet: the server's answer makes no sense: no list of procedures\n"],
    [200, '[{"id":"1"}]', 8, "oet: the server's answer makes no sense: id is missing or of the wrong type\n"],
  ])('%d %s', async (status, body, code, message) => {
    server.intercept = (_, response) => {
      response.writeHead(status).end(body);
      return true;
    };
    expect(await terminal.run('procedure', 'list')).toBe(code);
    expect(terminal.err).toEqual(message);
  });

  test.each([
    [['procedure', 'list'], 'is not the API, whose address ends in /api/v7 (--server-url or OET_URL)'],
    [['listen'], 'is not the API, whose address ends in /api/v7 (--server-url or OET_URL)'],
    [['activity', 'list'], 'Not Found: the server at URL has no activities'],
  ])('a path that the server does not know: %j', async (words, message) => {
    server.intercept = (_, response) => {
      response.writeHead(404).end('{"detail":"Not Found"}');
      return true;
    };
    expect(await terminal.run(...words)).toBe(4);
    expect(terminal.err).toContain(message.replace('URL ', `${server.url} `));
  });

  test.each([
    [['listen'], /the event stream: the server's answer is text\/html, not text\/event-stream; is http/],
    [['procedure', 'logs', '1'], /output of procedure 1: the server's answer is text\/html, not text\/plain; is http/],
  ])('a page that asks for a password, in place of a stream: %j', async (words, message) => {
    server.intercept = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>Log in</title>');
      return true;
    };
    expect(await terminal.run(...words)).toBe(8);
    expect(terminal.err).toMatch(message);
    expect(terminal.out).toBe('');
  });

  test.each([
    ['create', ['procedure', 'create', 'file:///a.py']],
    ['stop of procedure 1', ['procedure', 'stop', '--pid=1']],
  ])('Ctrl-C before the answer to a change says that nobody knows: %s', async (what, words) => {
    const asked = new Promise<void>((resolve) => {
      server.intercept = ({ method }) => {
        if (method !== 'GET') resolve();
        return true;
      };
    });
    const code = terminal.run(...words);
    await asked;
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.err).toBe(
      `oet: no answer yet (${what}): the server may do it all the same; oet procedure list shows it\n`,
    );
  });

  test('nobody reads stdout any more: no word, and no error', async () => {
    terminal.outError = new ReaderGone();
    expect(await terminal.run('procedure', 'list')).toBe(0);
    expect(await terminal.run('--help')).toBe(0);
    expect(terminal.err).toBe('');
  });

  test('stdout cannot be written', async () => {
    terminal.outError = new CliError('output', 'stdout: ENOSPC');
    expect(await terminal.run('procedure', 'list')).toBe(9);
    expect(terminal.err).toBe('oet: stdout: ENOSPC\n');
  });

  test('none', async () => {
    await server.down();
    expect(await terminal.run('procedure', 'list')).toBe(3);
    expect(terminal.err).toMatch(/^oet: no answer from http:\/\/127\.0\.0\.1:\d+\S*: connect ECONNREFUSED .*\n$/);
    await server.up();
  });

  test('no URL at all', async () => {
    expect(await terminal.run('--server-url=rest:5000', 'procedure', 'list')).toBe(2);
    expect(terminal.err).toMatch(/'rest:5000' is no http/);
  });

  test.each([
    ['before the command', ['--server-url', 'URL', 'procedure', 'list']],
    ['within the command', ['procedure', '--server-url=URL', 'list']],
    ['after it', ['procedure', 'list', '--server_url=URL']],
    ['among a script’s arguments', ['procedure', 'create', 'file:///a.py', '--server-url=URL', '1']],
  ])('--server-url %s, with a token', async (_, words) => {
    terminal.env['OET_TOKEN'] = 'secret';
    terminal.env['OET_URL'] = 'http://127.0.0.1:1';
    expect(await terminal.run(...words.map((word) => word.replace('URL', `${server.url}/`)))).toBe(0);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(server.seen[0]?.url).toMatch(/\/api\/v7\/procedures$/);
  });
});
