import { describe, expect, test } from '@jest/globals';
import { blocksRules, validateSchema } from './structural.ts';
import { noReferences, type Schema } from './schema.ts';

// The texts were seen on a real 1.35 server.
const spec: Schema = {
  type: 'object',
  required: ['policy'],
  properties: {
    policy: { type: 'string', enum: ['Manual', 'Automatic'] },
    num: { type: 'integer', format: 'int32', minimum: 1, maximum: 10 },
    dbl: { type: 'number', multipleOf: 0.5 },
    txt: { type: 'string', maxLength: 5, minLength: 2, pattern: '^[a-z]+$' },
    list: { type: 'array', maxItems: 2, minItems: 1, items: { type: 'string' } },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    conds: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', required: ['type'], properties: { type: { type: 'string' } } },
    },
    map: { type: 'object', maxProperties: 2, minProperties: 1, additionalProperties: { type: 'integer' } },
    ios: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
    flag: { type: 'boolean' },
    one: {
      type: 'object',
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
      properties: { a: { type: 'string' }, b: { type: 'string' } },
    },
    any: { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    nor: { type: 'object', not: { required: ['a'] } },
  },
};
const schema: Schema = { type: 'object', properties: { spec } };

function errors(value: Record<string, unknown>): string[] {
  return validateSchema(schema, { spec: { policy: 'Manual', ...value } }, noReferences).map(
    ({ field, body }) => `${field}: ${body}`,
  );
}

describe('what a real server says of', () => {
  test.each<[Record<string, unknown>, string[]]>([
    [{ policy: 'x' }, ['spec.policy: Unsupported value: "x": supported values: "Manual", "Automatic"']],
    [
      { policy: 3 },
      [
        'spec.policy: Invalid value: "integer": spec.policy in body must be of type string: "integer"',
        'spec.policy: Unsupported value: 3: supported values: "Manual", "Automatic"',
      ],
    ],
    [{ policy: undefined }, ['spec.policy: Required value']],
    [{ num: 'x' }, ['spec.num: Invalid value: "string": spec.num in body must be of type integer: "string"']],
    [{ num: 1.5 }, ['spec.num: Invalid value: "number": spec.num in body must be of type integer: "number"']],
    [
      { num: -1.5 },
      [
        'spec.num: Invalid value: "number": spec.num in body must be of type integer: "number"',
        'spec.num: Invalid value: -1.5: spec.num in body should be greater than or equal to 1',
      ],
    ],
    [{ txt: 1e30 }, ['spec.txt: Invalid value: "number": spec.txt in body must be of type string: "number"']],
    [{ txt: '' }, ['spec.txt: Invalid value: "": spec.txt in body should be at least 2 chars long']],
    [{ txt: 'a\u0000\u000b' }, ['spec.txt: Invalid value: "a\\x00\\v": spec.txt in body should match \'^[a-z]+$\'']],
    [{ tags: [null] }, ['spec.tags[0]: Invalid value: "null": spec.tags[0] in body must be of type string: "null"']],
    [{ tags: ['a', 'a', 'a', 'b', 'b'] }, ['spec.tags[1]: Duplicate value: "a"', 'spec.tags[4]: Duplicate value: "b"']],
    [
      { conds: [{ type: 'a' }, 5, { type: 'a' }] },
      [
        'spec.conds[1]: Invalid value: "integer": spec.conds[1] in body must be of type object: "integer"',
        'spec.conds[1]: Invalid value: 5: must be an object for an array of list-type map',
      ],
    ],
    [{ when: 5 }, ['spec.when: Invalid value: "int64": spec.when in body must be of type date-time: "int64"']],
    [{ when: 1.5 }, ['spec.when: Invalid value: "float64": spec.when in body must be of type date-time: "float64"']],
    [{ when: true }, ['spec.when: Invalid value: "": spec.when in body must be of type date-time: ""']],
    [{ when: [] }, []],
    [{ num: 0 }, ['spec.num: Invalid value: 0: spec.num in body should be greater than or equal to 1']],
    [{ num: 11 }, ['spec.num: Invalid value: 11: spec.num in body should be less than or equal to 10']],
    [{ dbl: 0.3 }, ['spec.dbl: Invalid value: 0.3: spec.dbl in body should be a multiple of 0.5']],
    [{ txt: 'abcdef' }, ['spec.txt: Too long: may not be more than 5 bytes']],
    [{ txt: 'a' }, ['spec.txt: Invalid value: "a": spec.txt in body should be at least 2 chars long']],
    [{ txt: 'AB' }, [`spec.txt: Invalid value: "AB": spec.txt in body should match '^[a-z]+$'`]],
    [{ list: ['a', 'b', 'c'] }, ['spec.list: Too many: 3: must have at most 2 items']],
    [{ list: [] }, ['spec.list: Invalid value: 0: spec.list in body should have at least 1 items']],
    [{ list: 'x' }, ['spec.list: Invalid value: "string": spec.list in body must be of type array: "string"']],
    [{ tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
    [{ conds: [{ type: 'a' }, { type: 'a' }] }, ['spec.conds[1]: Duplicate value: {"type":"a"}']],
    [{ conds: [{}] }, ['spec.conds[0].type: Required value']],
    [{ map: { a: 1, b: 2, c: 3 } }, ['spec.map: Too many: 3: must have at most 2 items']],
    [{ map: {} }, ['spec.map: Invalid value: 0: spec.map in body should have at least 1 properties']],
    [
      { map: { a: 'x' } },
      ['spec.map.a: Invalid value: "string": spec.map.a in body must be of type integer: "string"'],
    ],
    [{ ios: 1.5 }, ['spec.ios: Invalid value: "number": spec.ios in body must be of type integer,string: "number"']],
    [{ ios: 'x', flag: true, when: '2026-01-01T00:00:00.5+01:00', num: 10, map: { a: 1 } }, []],
    [{ when: 'soon' }, ['spec.when: Invalid value: "soon": spec.when in body must be of type date-time: "soon"']],
    [
      { one: {} },
      [
        '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
        'spec.one.a: Required value',
      ],
    ],
    [
      { one: { a: '', b: '' } },
      [
        '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [{ any: { a: 1 }, nor: {} }, []],
    [
      { any: {} },
      ['<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)', 'spec.any.a: Required value'],
    ],
    [{ nor: { a: 1 } }, ['<nil>: Invalid value: "": "spec.nor" must not validate the schema (not)']],
  ])('%j', (value, expected) => {
    expect(errors(value)).toEqual(expected);
  });
});

test('lengths count code points', () => {
  expect(errors({ txt: '\u{1f600}\u{1f600}' }).filter((each) => each.includes('chars long'))).toEqual([]);
});

test('rules run after errors that only say "invalid"', () => {
  const blocking = validateSchema(schema, { spec: { policy: 'x' } }, noReferences);
  const harmless = validateSchema(schema, { spec: { policy: 'Manual', num: 0 } }, noReferences);

  expect(blocking.some(blocksRules)).toBe(true);
  expect(harmless.some(blocksRules)).toBe(false);
});
