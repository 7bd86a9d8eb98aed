import { describe, expect, test } from '@jest/globals';
import { serving } from './testing/serving.ts';
import type { Terminal } from './testing/terminal.ts';

let terminal: Terminal;

serving((each) => ({ terminal } = each));

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
