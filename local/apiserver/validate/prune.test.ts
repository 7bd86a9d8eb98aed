import { describe, expect, test } from '@jest/globals';
import { objectMetaSchema, resolveReference } from '../resources/builtin-schemas.ts';
import { applyDefaults, pruneUnknown } from './prune.ts';
import type { Schema } from './schema.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: { type: 'string', default: 'x' },
        n: { type: 'string', nullable: true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        list: { type: 'array', items: { type: 'object', properties: { b: { type: 'integer', default: 1 } } } },
        map: { type: 'object', additionalProperties: { type: 'object', properties: { c: { type: 'string' } } } },
        bare: { type: 'object' },
        shut: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        quantity: { 'x-kubernetes-int-or-string': true },
        nested: { type: 'object', default: {}, properties: { d: { type: 'string', default: 'y' } } },
      },
    },
  },
};

describe('unknown fields', () => {
  test('are named in order and removed; kinds, free parts and maps keep theirs', () => {
    const value = {
      apiVersion: 'x',
      kind: 'y',
      metadata: {},
      zzz: 1,
      spec: { bad: 1, free: { any: 1 }, list: [{ b: 1, c: 2 }], map: { k: { c: 's', d: 1 } }, bare: { e: 1 } },
    };

    expect(pruneUnknown(schema, value, resolveReference)).toEqual([
      'spec.bad',
      'spec.bare.e',
      'spec.list[0].c',
      'spec.map.k.d',
      'zzz',
    ]);
    expect(value.spec).toEqual({ free: { any: 1 }, list: [{ b: 1 }], map: { k: { c: 's' } }, bare: {} });
  });

  test('are also those of what is no object', () => {
    const value = { spec: { a: { x: 1 }, bare: [{ y: 1 }], quantity: { z: 1 } } };

    expect(pruneUnknown(schema, value, resolveReference)).toEqual(['spec.a.x', 'spec.bare[0].y', 'spec.quantity.z']);
  });

  test('a null goes where null is no value', () => {
    const value = { spec: { a: null, n: null, free: { x: null }, quantity: null, shut: null } };

    expect(pruneUnknown(schema, value, resolveReference)).toEqual([]);
    expect(value).toEqual({ spec: { n: null, free: { x: null } } });
  });

  test('metadata is known', () => {
    const metadata = { name: 'x', labels: { a: 'b' }, managedFields: [{ fieldsV1: { 'f:x': {} } }], nope: 1 };

    expect(pruneUnknown(objectMetaSchema, metadata, resolveReference, 'metadata', false)).toEqual(['metadata.nope']);
    expect(metadata.managedFields).toEqual([{ fieldsV1: { 'f:x': {} } }]);
  });
});

test('defaults are filled in, at any depth, into what is there', () => {
  const value = { spec: { list: [{}, { b: 2 }] } };
  applyDefaults(schema, value, resolveReference);

  expect(value).toEqual({ spec: { a: 'x', list: [{ b: 1 }, { b: 2 }], nested: { d: 'y' } } });
});
