import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRawNumber, losslessParse, losslessStringify } from './lossless.ts';

describe('losslessParse', () => {
  test.each(['1.0', '-0', '1e2', '1E400', '1180591620717411303424', '0.10', '123456789012345678901234567890.5'])(
    'keeps %s as it is written',
    (text) => {
      const parsed = losslessParse(`{"a":[${text}]}`) as { a: [unknown] };

      expect(isRawNumber(parsed.a[0])).toBe(true);
      expect(losslessStringify(parsed)).toBe(`{"a":[${text}]}`);
    },
  );

  test('gives plain numbers where JavaScript writes them the same', () => {
    expect(losslessParse('[0,1,-5,0.1,9007199254740991]')).toEqual([0, 1, -5, 0.1, Number.MAX_SAFE_INTEGER]);
  });

  test.each(['', ' ', '\n'])('keeps a number at any place, after %j', (blank) => {
    for (const number of [
      '1.0',
      '-0',
      '1e2',
      '9007199254740993',
      '-9007199254740993',
      '12345678901234567',
      '10000000000000000000',
    ])
      for (const [before, after] of [
        ['', ''],
        ['[', ']'],
        ['{"a":', '}'],
        ['[0,', ']'],
        ['{"a":{"t":1795519837872625,"b":', '}}'],
      ] as const) {
        const text = `${before}${blank}${number}${after}`;
        expect(losslessStringify(losslessParse(text))).toBe(`${before}${number}${after}`);
      }
  });

  test('keeps a key that would be the prototype', () => {
    expect(losslessStringify(losslessParse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });

  test('is the inverse of losslessStringify', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const compact = JSON.stringify(JSON.parse(text));

        expect(losslessStringify(losslessParse(compact))).toBe(compact);
      }),
    );
  });
});

describe('losslessStringify', () => {
  test.each([undefined, () => 0])('refuses what has no JSON text', (value) => {
    expect(() => losslessStringify(value)).toThrow(TypeError);
  });
});
