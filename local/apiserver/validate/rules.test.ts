import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../objects.ts';
import { compileRules } from './rules.ts';
import type { Rule, Schema } from './schema.ts';

function check(spec: Schema, value: unknown, old?: unknown): string[] {
  const rules = compileRules({ type: 'object', properties: { spec } });
  const object = (of: unknown): KubeObject => ({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x' }, spec: of });
  const found = rules?.(object(value), old === undefined ? undefined : object(old)) ?? [];
  return found.map(({ field, body }) => `${field}: ${body}`);
}

const text = (rule: string, more: Partial<Rule> = {}): Schema => ({
  type: 'string',
  'x-kubernetes-validations': [{ rule, ...more }],
});

describe('a rule', () => {
  test.each<[string, Schema, unknown, unknown, string[]]>([
    ['that holds', text("self == 'a'"), 'a', undefined, []],
    [
      'without a message shows itself',
      text("self == 'a'"),
      'b',
      undefined,
      ["spec: Invalid value: failed rule: self == 'a'"],
    ],
    ['with a message', text("self == 'a'", { message: 'be a' }), 'b', undefined, ['spec: Invalid value: be a']],
    [
      'with an expression for it',
      text("self == 'a'", { messageExpression: "'not ' + self", reason: 'FieldValueForbidden' }),
      'b',
      undefined,
      ['spec: Forbidden: not b'],
    ],
    ['about the past, on creation', text('self == oldSelf'), 'b', undefined, []],
    [
      'about the past, on a change',
      text('self == oldSelf', { message: 'fixed' }),
      'b',
      'a',
      ['spec: Invalid value: fixed'],
    ],
    ['of an absent field', { type: 'object', properties: { a: text('false') } }, {}, undefined, []],
    [
      'of a map of values',
      { type: 'object', additionalProperties: text("self != 'no'", { message: 'no' }) },
      { k: 'no' },
      undefined,
      ['spec.k: Invalid value: no'],
    ],
    [
      'about another field',
      {
        type: 'object',
        'x-kubernetes-validations': [
          { rule: 'self.a > 1', message: 'small', fieldPath: '.a', reason: 'FieldValueRequired' },
        ],
        properties: { a: { type: 'integer' } },
      },
      { a: 1 },
      undefined,
      ['spec.a: Required value: small'],
    ],
    [
      'over integers and doubles',
      {
        type: 'object',
        'x-kubernetes-validations': [{ rule: 'self.i + 1 == 3 && self.d * 2.0 == 3.0 && size(self.free.list) == 2' }],
        properties: {
          i: { type: 'integer' },
          d: { type: 'number' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      { i: 2, d: 1.5, free: { list: [1, 2.5] } },
      undefined,
      [],
    ],
    [
      'with what Kubernetes adds',
      text(
        "dyn(self).matches('^a+$') && self.find('a+') == 'aa' && ['a','b'].isSorted() && isURL('http://x/') && [1,2].sum() == 3",
      ),
      'aa',
      undefined,
      [],
    ],
  ])('%s', (_name, schema, value, old, expected) => {
    expect(check(schema, value, old)).toEqual(expected);
  });

  test('that cannot be evaluated is an error that names it', () => {
    const schema: Schema = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.gone == 1' }] };

    expect(check(schema, { a: 1 })[0]).toMatch(/^spec: .*rule evaluation error: .*self\.gone == 1/);
  });

  test('about the past finds items of keyed lists, and of no other lists', () => {
    const items = (listType: string): Schema => ({
      type: 'array',
      'x-kubernetes-list-type': listType,
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        'x-kubernetes-validations': [{ rule: 'self.v == oldSelf.v', message: 'fixed' }],
        properties: { k: { type: 'string' }, v: { type: 'integer' } },
      },
    });
    const old = [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ];
    const next = [
      { k: 'new', v: 9 },
      { k: 'b', v: 3 },
    ];

    expect(check(items('map'), next, old)).toEqual(['spec[1]: Invalid value: fixed']);
    expect(check(items('atomic'), next, old)).toEqual([]);
  });
});

test('a rule that does not parse is refused when it is declared', () => {
  expect(() => compileRules(text('self ==='))).toThrow();
});
