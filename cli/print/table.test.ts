import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { displayWidth, table } from './table.ts';
import { utcMicroseconds, utcSeconds } from './time.ts';

test('wide characters and controls', () => {
  expect(
    table(
      [{ name: 'ID', right: true }, { name: 'Script' }, { name: 'State' }],
      [
        ['1', '日本.py', 'READY'],
        ['23', 'a\u001b[31m\nb', 'FAILED'],
      ],
    ),
  ).toBe(`  ID  Script          State
----  --------------  -------
   1  日本.py         READY
  23  a\\x1b[31m\\x0ab  FAILED`);
});

test('the rule is as wide as the widest cell or the name and two more; no blanks at line ends', () => {
  const cell = fc.string({ maxLength: 12 }).map((text) => text.trim());
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }), (rows) => {
      const lines = table([{ name: 'ID', right: true }, { name: 'Name' }, { name: 'State' }], rows).split('\n');
      const widths = (lines[1] ?? '').split('  ').map((rule) => rule.length);
      expect(lines).toHaveLength(rows.length + 2);
      expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
      ['ID', 'Name', 'State'].forEach((name, column) => {
        const cells = rows.map((row) => displayWidth(row[column] ?? ''));
        expect(widths[column]).toBe(Math.max(name.length + 2, ...cells));
      });
    }),
  );
});

test.each([
  [1601295086.129294, '2020-09-28 12:11:26', '2020-09-28 12:11:26.129294'],
  [1601295086, '2020-09-28 12:11:26', '2020-09-28 12:11:26.000000'],
  [0, '1970-01-01 00:00:00', '1970-01-01 00:00:00.000000'],
  [1601295086.9999999, '2020-09-28 12:11:27', '2020-09-28 12:11:27.000000'],
  [1e300, '-', '-'],
])('%d', (seconds, short, long) => {
  expect([utcSeconds(seconds), utcMicroseconds(seconds)]).toEqual([short, long]);
});
