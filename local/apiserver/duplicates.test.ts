import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { duplicateFields } from './duplicates.ts';

test.each([
  ['{"a":1,"b":{"c":1,"c":2},"a":3}', ['b.c', 'a']],
  ['{"a":[{"b":1},{"b":"}\\"]","b":[]}]}', ['a[1].b']],
  [' { "a" : [ ] , "a" : { } } ', ['a']],
  ['[1,"x",null]', []],
  ['"a"', []],
])('%s', (text, expected) => {
  expect(duplicateFields(text)).toEqual(expected);
});

test('what JSON itself writes has none, at any depth', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      expect(duplicateFields(JSON.stringify(value, null, indent))).toEqual([]);
    }),
  );
});
