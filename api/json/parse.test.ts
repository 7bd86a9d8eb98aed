import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonError, MAX_DEPTH, parseJson } from './parse.ts';
import { numberOf } from './raw.ts';

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(JSON.stringify(parseJson(spaced).value)).toBe(JSON.stringify(JSON.parse(spaced)));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', ']', '\\', 'x', '1', '\u0001', '-', '.'),
        (text, at, what) => {
          const broken = text.slice(0, at % (text.length + 1)) + what + text.slice((at % (text.length + 1)) + 1);
          let expected: unknown;
          try {
            expected = JSON.parse(broken);
          } catch {
            expect(() => parseJson(broken)).toThrow(JsonError);
            return;
          }
          expect(JSON.parse(JSON.stringify(parseJson(broken).value))).toEqual(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('writes every number back as it came', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?$/);
    fc.assert(
      fc.property(digits, (text) => {
        const { value } = parseJson(`[${text}]`);
        expect(JSON.stringify(value)).toBe(`[${text}]`);
        expect(numberOf((value as unknown[])[0])).toBe(Number(text));
      }),
    );
  });

  it('knows the source of every part', () => {
    const text = '{"a": [1.0, {"b":\t{}}], "2":1, "1": {"x" : "ü"}}';
    const parsed = parseJson(text);
    const { a, 1: one } = parsed.value as { a: object; 1: object };

    expect(parsed.sourceOf(a)).toBe('[1.0, {"b":\t{}}]');
    expect(parsed.sourceOf(one)).toBe('{"x" : "ü"}');
    expect(parsed.sourceOf(parsed.value as object)).toBe(text);
  });

  it('stops at a depth', () => {
    expect(() => parseJson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).not.toThrow();
    expect(() => parseJson('['.repeat(MAX_DEPTH + 1))).toThrow(JsonError);
  });
});
