import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonText, parseJson } from './json.ts';

describe('numbers, as a real server gives them back', () => {
  test.each([
    ['1.0', '1'],
    ['1e2', '100'],
    ['-0.0', '0'],
    ['9007199254740993', '9007199254740993'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['123456789012345678901234567890', '1.2345678901234568e+29'],
    ['0.12345678901234567', '0.12345678901234566'],
  ])('%s -> %s', (given, expected) => {
    expect(jsonText(parseJson(`{"a":[${given}]}`))).toBe(`{"a":[${expected}]}`);
  });
});

test('all else is what JSON makes of it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(jsonText(parseJson(text)))).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
    }),
  );
});

test('what is no JSON is refused', () => {
  expect(() => parseJson('{"a":12345678901234567')).toThrow(SyntaxError);
});
