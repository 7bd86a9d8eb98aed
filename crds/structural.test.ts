import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openAPIV3Schema } from './crd.ts';
import { type JsonSchema, structural } from './structural.ts';

function* walk(schema: JsonSchema, path: string): Generator<{ path: string; schema: JsonSchema }> {
  yield { path, schema };
  for (const [key, value] of Object.entries(schema.properties ?? {})) yield* walk(value, `${path}.${key}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === 'object') yield* walk(schema.additionalProperties, `${path}.*`);
}

const nodes = [...walk(openAPIV3Schema(), '')];

describe('the schema of a Procedure', () => {
  test.each([
    [
      'text',
      ({ type, enum: words, maxLength }: JsonSchema) =>
        type !== 'string' || words !== undefined || maxLength !== undefined,
    ],
    ['list', ({ type, maxItems }: JsonSchema) => type !== 'array' || maxItems !== undefined],
    [
      'map',
      ({ additionalProperties, maxProperties }: JsonSchema) =>
        additionalProperties === undefined || maxProperties !== undefined,
    ],
  ])('bounds every %s', (_, bounded) => {
    const unbounded = nodes.filter(
      ({ path, schema }) => !bounded(schema) && path !== '.apiVersion' && path !== '.kind',
    );

    expect(unbounded.map(({ path }) => path)).toEqual([]);
  });

  test('says how every list merges', () => {
    const silent = nodes.filter(
      ({ schema }) => schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined,
    );

    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('describes every field of spec and status', () => {
    const silent = nodes.filter(
      ({ path, schema }) => /^\.(spec|status)/.test(path) && /\.\w+$/.test(path) && schema.description === undefined,
    );

    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('has no optional types in its rules', () => {
    const rules = nodes.flatMap(({ schema }) => (schema['x-kubernetes-validations'] ?? []) as { rule: string }[]);

    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter(({ rule }) => /optional|\.\?|\[\?/.test(rule))).toEqual([]);
  });
});

const Recursive = z.object({
  get next() {
    return z.optional(Recursive);
  },
});

describe('structural', () => {
  test.each([
    ['a literal becomes an enum', z.literal('a'), { type: 'string', enum: ['a'] }],
    ['bounds of JavaScript go', z.int(), { type: 'integer' }],
    ['strict objects stay open: the API server prunes', z.strictObject({}), { type: 'object', properties: {} }],
    ['anything may be null', z.unknown(), { nullable: true, 'x-kubernetes-preserve-unknown-fields': true }],
    [
      'a map to anything',
      z.record(z.string(), z.unknown()),
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ],
  ])('%s', (_, schema, expected) => {
    expect(structural(schema)).toEqual(expected);
  });

  test.each([
    ['a union', z.object({ a: z.union([z.string(), z.boolean()]) })],
    ['recursion', Recursive],
  ])('%s has no structural form', (_, schema) => {
    expect(() => structural(schema)).toThrow('has no structural form');
  });
});
