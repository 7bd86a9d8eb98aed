import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Schema } from '../validate/schema.ts';
import {
  appliedFields,
  changedFields,
  flatten,
  fromFieldsV1,
  pathText,
  removeFields,
  toFieldsV1,
} from './field-set.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        num: { type: 'integer' },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        atomic: { type: 'array', items: { type: 'string' } },
        conds: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
          items: { type: 'object', properties: { type: { type: 'string' }, v: { type: 'string' } } },
        },
      },
    },
  },
};

const object = {
  apiVersion: 'x/v1',
  kind: 'X',
  metadata: { name: 'x', labels: { a: 'b' }, finalizers: ['f/g'] },
  spec: { num: 1, tags: ['t'], atomic: ['q'], conds: [{ type: 'r', v: '1' }] },
};

test('fields are named as a real server names them', () => {
  expect(toFieldsV1(new Set(flatten(schema, object).keys()))).toEqual({
    'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} }, 'f:finalizers': { '.': {}, 'v:"f/g"': {} } },
    'f:spec': {
      '.': {},
      'f:num': {},
      'f:tags': { '.': {}, 'v:"t"': {} },
      'f:atomic': {},
      'f:conds': { '.': {}, 'k:{"type":"r"}': { '.': {}, 'f:type': {}, 'f:v': {} } },
    },
  });
});

test('an apply owns values and keyed items, not what is around them', () => {
  expect(toFieldsV1(appliedFields(flatten(schema, object)))).toEqual({
    'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:finalizers': { 'v:"f/g"': {} } },
    'f:spec': {
      'f:num': {},
      'f:tags': { 'v:"t"': {} },
      'f:atomic': {},
      'f:conds': { 'k:{"type":"r"}': { '.': {}, 'f:type': {}, 'f:v': {} } },
    },
  });
});

test('FieldsV1 and back', () => {
  const element = fc.constantFrom('f:a', 'f:b', 'k:{"type":"x"}', 'v:"y"');
  const path = fc.array(element, { minLength: 1, maxLength: 4 }).map((elements) => elements.join('\u0000'));
  fc.assert(
    fc.property(fc.uniqueArray(path), (paths) => {
      expect(fromFieldsV1(toFieldsV1(new Set(paths)))).toEqual(new Set(paths));
    }),
  );
});

test('a change names what it changed', () => {
  const next = { ...object, spec: { ...object.spec, num: 2, conds: [{ type: 'r', v: '1' }, { type: 's' }] } };
  const changed = [...changedFields(flatten(schema, object), flatten(schema, next))].map(pathText);

  expect(changed).toEqual(['.spec.num', '.spec.conds[type="s"]', '.spec.conds[type="s"].type']);
});

describe('removing', () => {
  test('everything that an object has leaves its shell', () => {
    const rest = structuredClone(object);
    removeFields(schema, rest, new Set(flatten(schema, object).keys()));

    expect(rest).toEqual({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x' } });
  });

  test('an item keeps what another owner has in it', () => {
    const rest = structuredClone(object);
    removeFields(
      schema,
      rest,
      new Set(
        ['f:spec', 'f:conds', 'k:{"type":"r"}', 'f:v']
          .map((_e, i, all) => all.slice(0, i + 1).join('\u0000'))
          .slice(-1),
      ),
    );

    expect(rest.spec.conds).toEqual([{ type: 'r' }]);
  });
});
