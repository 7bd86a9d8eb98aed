import { isObject } from '../objects.ts';
import { propertySchema, type Resolve, type Schema } from './schema.ts';

/**
 * The first value of a built-in kind that its Go type could not hold, in the words of Go's decoder; undefined where all
 * fits. Path elements are field names only, as the decoder has them.
 */
export function typeError(schema: Schema, value: unknown, resolve: Resolve): string | undefined {
  return search(schema, value, resolve, [], '');
}

function search(
  reference: Schema,
  value: unknown,
  resolve: Resolve,
  path: string[],
  owner: string,
): string | undefined {
  if (value === null || value === undefined) return undefined;
  const schema = resolve(reference);
  if (schema['x-kubernetes-int-or-string'] || schema.type === undefined) return undefined;
  if (!fits(schema.type, value)) {
    const place =
      path.length === 0
        ? `Go value of type ${goType(reference, schema)}`
        : `Go struct field ${owner}.${path.join('.')} of type ${goType(reference, schema)}`;
    return `json: cannot unmarshal ${jsonType(value)} into ${place}`;
  }
  if (schema.format === 'date-time' && typeof value === 'string') return timeError(typeName(reference), value);
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const found = schema.items && search(schema.items, item, resolve, path, owner);
      if (found !== undefined) return found;
    }
  } else if (isObject(value)) {
    const name = typeName(reference) ?? owner;
    for (const [key, each] of Object.entries(value)) {
      const property = propertySchema(schema, key);
      const isField = schema.properties !== undefined;
      const found =
        property && search(property, each, resolve, isField ? [...path, key] : path, isField ? name : owner);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const SECONDS = '2006-01-02T15:04:05';
const ZONE = '(Z|[+-]\\d\\d:\\d\\d)$';
const TIME = new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?${ZONE}`);
const MICRO_TIME = new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}${ZONE}`);

/** A MicroTime must have exactly six digits of a second; milliseconds are refused. */
function timeError(type: string | undefined, text: string): string | undefined {
  const isMicro = type === 'MicroTime';
  if ((isMicro ? MICRO_TIME : TIME).test(text) && !Number.isNaN(Date.parse(text))) return undefined;
  const layout = `${SECONDS}${isMicro ? '.000000' : ''}Z07:00`;
  const [at, wanted] = /^\d{4}-/.test(text) ? [text.slice(19), isMicro ? '.000000' : 'Z07:00'] : [text, '2006'];
  return `parsing time "${text}" as "${layout}": cannot parse "${at}" as "${wanted}"`;
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function typeName({ $ref }: Schema): string | undefined {
  return $ref?.split('.').at(-1);
}

function goType(reference: Schema, schema: Schema): string {
  const { type, format, items, additionalProperties } = schema;
  switch (type) {
    case 'integer':
      return format ?? 'int64';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'array':
      return `[]${items ? goType(items, items) : 'string'}`;
    case 'object':
      return typeof additionalProperties === 'object'
        ? `map[string]${goType(additionalProperties, additionalProperties)}`
        : `v1.${typeName(reference) ?? ''}`;
    default:
      return reference.$ref === undefined || type !== undefined ? 'string' : `v1.${typeName(reference) ?? ''}`;
  }
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
