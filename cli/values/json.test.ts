import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, writeJson } from './json.ts';
import { Float } from './value.ts';

describe('parseJson', () => {
  test.each([
    ['1', 1n],
    ['-0', 0n],
    ['1180591620717411303424', 2n ** 70n],
    ['1.0', new Float(1)],
    ['1e2', new Float(100)],
    ['"\\ud83c\\udf89\\n"', '🎉\n'],
    [' [ true , false , null ] ', [true, false, null]],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test('keys stay in their order, numbers among them', () => {
    expect(writeJson(parseJson('{"10":1,"2":{"b":1,"a":2}}'))).toBe('{"10":1,"2":{"b":1,"a":2}}');
  });

  test.each([
    ['', /unexpected end at character 1/],
    ['{"a":1', /',' or '}' is expected at character 7/],
    ['[1,]', /unexpected character at character 4/],
    ['{"a" 1}', /':' is expected/],
    ['{a: 1}', /a string is expected at character 2/],
    ['NaN', /unexpected character/],
    ['Infinity', /unexpected character/],
    ['01', /unexpected text at character 2/],
    ['1e400', /1e400 is too large for a float/],
    ['"\\x"', /a string with a wrong escape/],
    ['"a\nb"', /a string with a wrong escape/],
    ['[1] x', /unexpected text at character 5/],
    ['['.repeat(1000), /more than 500 levels/],
  ])('%j is refused', (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });

  test('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.parse(writeJson(parseJson(text), indent))).toEqual(JSON.parse(text));
      }),
    );
  });
});
