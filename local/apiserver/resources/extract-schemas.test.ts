import { expect, test } from '@jest/globals';
import { extractSchemas, extractTexts } from './extract-schemas.ts';

test('a document of a real server comes out without texts and zero values, with what it refers to', () => {
  const { kinds, definitions } = extractSchemas({
    'io.k8s.api.core.v1.ConfigMap': {
      type: 'object',
      description: 'long',
      properties: {
        metadata: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
          default: {},
        },
        data: { type: 'object', additionalProperties: { type: 'string', default: '' } },
        port: { oneOf: [{ type: 'integer' }, { type: 'string' }] },
        protocol: { type: 'string', default: 'TCP' },
      },
      'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'ConfigMap' }],
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': {
      type: 'object',
      properties: { name: { type: 'string', description: 'long' }, fieldsV1: { type: 'object' } },
    },
    'io.k8s.api.core.v1.Other': {
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Other' }],
    },
  });

  expect(kinds).toEqual({ '/v1/ConfigMap': 'core.v1.ConfigMap' });
  expect(definitions).toEqual({
    'core.v1.ConfigMap': {
      type: 'object',
      properties: {
        metadata: { $ref: 'meta.v1.ObjectMeta' },
        data: { type: 'object', additionalProperties: { type: 'string' } },
        port: { 'x-kubernetes-int-or-string': true },
        protocol: { type: 'string', default: 'TCP' },
      },
    },
    'meta.v1.ObjectMeta': {
      type: 'object',
      properties: {
        name: { type: 'string' },
        fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  });
});

test('texts of what was extracted, by definition and field', () => {
  const source = {
    'io.k8s.api.core.v1.ConfigMap': {
      description: 'of the kind',
      properties: { data: { description: 'of a field' }, kind: {} },
    },
    'io.k8s.api.core.v1.Other': { description: 'left out' },
  };

  expect(extractTexts(source, { 'core.v1.ConfigMap': {} })).toEqual({
    'core.v1.ConfigMap': { '': 'of the kind', data: 'of a field' },
  });
});
