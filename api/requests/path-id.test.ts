import { expect, it } from '@jest/globals';
import type { Issue } from './issues.ts';
import { knownId, parseId } from './path-id.ts';

it.each([
  ['7', 7n],
  ['007', 7n],
  [' +1.0 ', 1n],
  ['-0', 0n],
  ['-1_0', -10n],
  ['9223372036854775808', 9_223_372_036_854_775_808n],
])('%j is %s', (text, id) => {
  const issues: Issue[] = [];
  expect(parseId(text, issues)).toBe(id);
  expect(issues).toEqual([]);
});

it.each([
  [9_007_199_254_740_991n, 9_007_199_254_740_991],
  [-1n, -1],
])('%s may be known', (id, number) => {
  expect(knownId(id)).toBe(number);
});

it('names the id that was asked for, digit by digit, where no procedure can have it', () => {
  expect(() => knownId(9_223_372_036_854_775_808n)).toThrow('No information available for PID=9223372036854775808');
});
