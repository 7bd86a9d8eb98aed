import { describe, expect, test } from '@jest/globals';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';
import { parseJson } from '../values/json.ts';
import { record, type ValueMap } from '../values/value.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

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
