import { describe, expect, test } from '@jest/globals';
import type { FakeServer } from './testing/fake-server.ts';
import { serving } from './testing/serving.ts';
import type { Terminal } from './testing/terminal.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

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
