import { z } from 'zod';
import { CEL_KEY } from './schema/rules.ts';

/** A JSON schema as CRDs and OpenAPI 3.0 know it. */
export interface JsonSchema {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  [extension: `x-kubernetes-${string}`]: unknown;
}

/** Keywords that may stand in a schema of ours, in the order in which they are written. */
const ORDER = [
  'type',
  'format',
  'description',
  'default',
  'nullable',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  CEL_KEY,
] as const;

/** What zod's JSON schema says as a "structural" schema, which is what a CRD may carry. Throws on what has no such form. */
export function structural(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' });
  return convert(json, '$');
}

function convert(source: Record<string, unknown>, path: string): JsonSchema {
  const node = { ...source };
  delete node['$schema'];
  if (node['x-kubernetes-int-or-string'] === true) return ordered(intOrString(node), path);
  for (const word of ['anyOf', 'oneOf', 'allOf', 'not', '$ref', 'definitions', '$defs']) {
    if (word in node) throw new Error(`${path}: "${word}" has no structural form`);
  }
  literal(node);
  dropSafeBounds(node);
  // RFC 3339 as the API server checks it; zod's pattern of 300 characters says the same once more.
  if (node['format'] === 'date-time') delete node['pattern'];
  if (node['additionalProperties'] === false) delete node['additionalProperties'];
  const { properties, additionalProperties, items } = node;
  if (isSchema(properties)) {
    node['properties'] = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [
        key,
        convert(value as Record<string, unknown>, `${path}.${key}`),
      ]),
    );
  }
  if (isSchema(additionalProperties)) {
    const value = convert(additionalProperties, `${path}.*`);
    if (isAnything(value)) {
      delete node['additionalProperties'];
      node['x-kubernetes-preserve-unknown-fields'] = true;
    } else {
      node['additionalProperties'] = value;
    }
  }
  if (isSchema(items)) node['items'] = convert(items, `${path}[]`);
  if (node['type'] === undefined) {
    node['nullable'] = true;
    node['x-kubernetes-preserve-unknown-fields'] = true;
  }
  return ordered(node, path);
}

function isSchema(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isAnything(schema: JsonSchema): boolean {
  return schema.type === undefined && schema['x-kubernetes-preserve-unknown-fields'] === true;
}

function intOrString(node: Record<string, unknown>): Record<string, unknown> {
  const { description, pattern } = node;
  return {
    'x-kubernetes-int-or-string': true,
    ...(description === undefined ? {} : { description }),
    ...(pattern === undefined ? {} : { pattern }), // of the text
  };
}

/** `const` is not known to CRDs. */
function literal(node: Record<string, unknown>): void {
  if (!('const' in node)) return;
  node['enum'] = [node['const']];
  delete node['const'];
}

/** Bounds that only say what JavaScript can count up to. */
function dropSafeBounds(node: Record<string, unknown>): void {
  if (node['minimum'] === Number.MIN_SAFE_INTEGER) delete node['minimum'];
  if (node['maximum'] === Number.MAX_SAFE_INTEGER) delete node['maximum'];
}

function ordered(node: Record<string, unknown>, path: string): JsonSchema {
  const unknown = Object.keys(node).filter((key) => !(ORDER as readonly string[]).includes(key));
  if (unknown.length > 0) throw new Error(`${path}: ${unknown.join(', ')} has no structural form`);
  return Object.fromEntries(ORDER.filter((key) => key in node).map((key) => [key, node[key]]));
}
