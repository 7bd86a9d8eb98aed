import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { create } from '../commands/create.ts';
import { describe as describeCommand } from '../commands/describe.ts';
import { logs } from '../commands/logs.ts';
import { wait } from '../commands/wait.ts';
import { run } from '../commands/run.ts';
import { start } from '../commands/start.ts';
import { stop } from '../commands/stop.ts';
import { isOption, parseArguments } from './grammar.ts';
import type { CommandSpec } from './spec.ts';

function parse(spec: CommandSpec, words: readonly string[]): object {
  const { options, positionals, scriptArgs, scriptKwargs } = parseArguments(spec, words);
  return {
    ...Object.fromEntries(positionals),
    ...Object.fromEntries(options),
    args: scriptArgs,
    kwargs: Object.fromEntries(scriptKwargs),
  };
}

describe('arguments of scripts', () => {
  test.each([
    [['u'], { script_uri: 'u', args: [], kwargs: {} }],
    [['u', 'a', '-5', '-'], { script_uri: 'u', args: ['a', '-5', '-'], kwargs: {} }],
    [['--script_uri=u', 'a'], { script_uri: 'u', args: ['a'], kwargs: {} }],
    [['u', '--a=b'], { script_uri: 'u', args: [], kwargs: { a: 'b' } }],
    [['u', '--a', 'b', 'c'], { script_uri: 'u', args: ['c'], kwargs: { a: 'b' } }],
    [['u', '--a', '-5'], { script_uri: 'u', args: [], kwargs: { a: '-5' } }],
    [['u', '--a', '--b'], { script_uri: 'u', args: [], kwargs: { a: 'True', b: 'True' } }],
    [['u', '--noflag'], { script_uri: 'u', args: [], kwargs: { flag: 'False' } }],
    [['u', '--noflag', 'x'], { script_uri: 'u', args: [], kwargs: { noflag: 'x' } }],
    [['u', '--noflag=x'], { script_uri: 'u', args: [], kwargs: { noflag: 'x' } }],
    [['u', '--no'], { script_uri: 'u', args: [], kwargs: { no: 'True' } }],
    [['u', '-x=3', '-y', '4', '-z'], { script_uri: 'u', args: [], kwargs: { x: '3', y: '4', z: 'True' } }],
    [
      ['u', '--my-arg=1-2', '--a=b=c', '--e='],
      { script_uri: 'u', args: [], kwargs: { my_arg: '1-2', a: 'b=c', e: '' } },
    ],
    [['u', '--a=1', '--b=2', '--a=3'], { script_uri: 'u', args: [], kwargs: { a: '3', b: '2' } }],
    [['u', '--', '--a', '-o'], { script_uri: 'u', args: ['--a', '-o'], kwargs: {} }],
    [['--create_env', 'u'], { script_uri: 'u', create_env: 'True', args: [], kwargs: {} }],
    [['u', '--create-env', 'False'], { script_uri: 'u', create_env: 'False', args: [], kwargs: {} }],
    [['u', '--nocreate_env'], { script_uri: 'u', create_env: 'False', args: [], kwargs: {} }],
    [['u', '--subarray-id', '3'], { script_uri: 'u', subarray_id: '3', args: [], kwargs: {} }],
    [['u', '-o', 'json'], { script_uri: 'u', output: 'json', args: [], kwargs: {} }],
    [['u', '-o', '3'], { script_uri: 'u', args: [], kwargs: { o: '3' } }],
    [['u', '--output=json', '--name=n'], { script_uri: 'u', args: [], kwargs: { output: 'json', name: 'n' } }],
  ])('create %j', (words, expected) => {
    expect(parse(create.spec, words)).toEqual(expected);
  });

  test.each([
    [['a', '--pid', '3', '--x=1'], { pid: '3', args: ['a'], kwargs: { x: '1' } }],
    [['-p', '3'], { args: [], kwargs: { p: '3' } }],
    [['--listen', 'False', '--nolisten'], { listen: 'False', args: [], kwargs: {} }],
    [['--listen', '0', '1'], { listen: '0', args: ['1'], kwargs: {} }],
    [['--listen', 'x'], { listen: 'True', args: ['x'], kwargs: {} }],
  ])('start %j', (words, expected) => {
    expect(parse(start.spec, words)).toEqual(expected);
  });

  test.each([
    [
      ['-q', '--timeout=5', 's', '--timeout=6', '-q'],
      { script: 's', quiet: 'True', timeout: '5', args: [], kwargs: { timeout: '6', q: 'True' } },
    ],
    [
      ['s', '--git_branch=main', '--init.x=1'],
      { script: 's', git_branch: 'main', args: [], kwargs: { 'init.x': '1' } },
    ],
  ])('run %j', (words, expected) => {
    expect(parse(run.spec, words)).toEqual(expected);
  });
});

describe('commands that take no arguments for scripts', () => {
  test.each([
    [describeCommand.spec, ['-p', '3'], { pid: '3' }],
    [describeCommand.spec, ['3', '-o=yaml'], { pid: '3', output: 'yaml' }],
    [stop.spec, ['--run_abort', 'false', '3'], { run_abort: 'false', pid: '3' }],
    [stop.spec, ['--norun-abort'], { run_abort: 'False' }],
    [stop.spec, ['--norun_abort=False'], { run_abort: 'True' }],
    [logs.spec, ['-f', '7'], { follow: 'True', pid: '7' }],
    [logs.spec, ['-f', '1'], { follow: 'True', pid: '1' }],
    [logs.spec, ['7', '--server_url', 'u'], { pid: '7', server_url: 'u' }],
  ])('%#: %j', (spec, words, expected) => {
    expect(parse(spec, words)).toEqual({ ...expected, args: [], kwargs: {} });
  });

  test.each([
    [describeCommand.spec, ['1', '2'], /unexpected argument '2'/],
    [describeCommand.spec, ['--nope'], /unknown option '--nope'/],
    [describeCommand.spec, ['--pid'], /--pid needs a value/],
    [describeCommand.spec, ['--pid', '--output=json'], /--pid needs a value/],
    [wait.spec, [], /PID is missing/],
    [create.spec, ['--=x', 'u'], /'--=x' names no option/],
  ])('%#: %j is refused', (spec, words, message) => {
    expect(() => parseArguments(spec, words)).toThrow(message);
  });
});

test('no word of a script’s is lost', () => {
  const name = fc
    .stringMatching(/^[a-z][a-z_]{2,8}$/)
    .filter((text) => !text.startsWith('no') && !/^(?:pid|listen|server_url)$/.test(text));
  const plain = fc.string({ minLength: 1 }).filter((text) => !isOption(text));
  fc.assert(
    fc.property(fc.array(plain), fc.dictionary(name, fc.string(), { noNullPrototype: true }), (args, kwargs) => {
      const words = [...args, ...Object.entries(kwargs).map(([key, value]) => `--${key}=${value}`)];
      expect(parse(start.spec, words)).toEqual({ args, kwargs });
    }),
  );
});
