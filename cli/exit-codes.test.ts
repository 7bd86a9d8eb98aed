import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { EXIT_CODES, exitForStatus } from './exit-codes.ts';

test('the page in docs/ is the catalogue', async () => {
  const page = await readFile(new URL('../docs/reference/exit-codes.md', import.meta.url), 'utf8');
  // The formatter pads cells.
  const rows = page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    return /^\d+$/.test(cells[1] ?? '') ? [cells.slice(1, 4)] : [];
  });
  expect(rows).toEqual(Object.values(EXIT_CODES).map(({ code, name, meaning }) => [String(code), name, meaning]));
});

test('names and codes are one to one', () => {
  expect(Object.entries(EXIT_CODES).every(([key, { name }]) => key === name)).toBe(true);
  expect(new Set(Object.values(EXIT_CODES).map(({ code }) => code)).size).toBe(Object.keys(EXIT_CODES).length);
});

test.each([
  [400, 'invalid'],
  [401, 'refused'],
  [403, 'refused'],
  [404, 'notFound'],
  [405, 'refused'],
  [408, 'timeout'],
  [409, 'refused'],
  [413, 'invalid'],
  [422, 'invalid'],
  [429, 'refused'],
  [500, 'server'],
  [503, 'server'],
  [504, 'timeout'],
  [304, 'server'],
])('HTTP %i is %s', (status, name) => {
  expect(exitForStatus(status)).toBe(name);
});
