import { cloneJson, isObject } from '../objects.ts';
import { child, keepsUnknown, propertySchema, type Resolve, type Schema } from './schema.ts';

/**
 * Removes the fields that the schema does not know, in place, and returns their paths in the server's order.
 */
export function pruneUnknown(schema: Schema, value: unknown, resolve: Resolve, path = '', isRoot = true): string[] {
  const unknown: string[] = [];
  prune(resolve(schema), value, resolve, path, isRoot, unknown);
  return unknown;
}

function prune(
  schema: Schema,
  value: unknown,
  resolve: Resolve,
  path: string,
  isRoot: boolean,
  unknown: string[],
): void {
  if (Array.isArray(value)) {
    if (!schema.items && keepsUnknown(schema)) return;
    const items = resolve(schema.items ?? { type: 'object' }); // of a list where none is to be, every field is unknown
    value.forEach((item, i) => {
      prune(items, item, resolve, `${path}[${i}]`, false, unknown);
    });
    return;
  }
  if (!isObject(value)) return;
  const embedded = isRoot || schema['x-kubernetes-embedded-resource'] === true;
  for (const key of Object.keys(value).sort()) {
    const known = propertySchema(schema, key);
    if (known && value[key] === null && !allowsNull(resolve(known))) {
      // not an error: a real server drops it
      Reflect.deleteProperty(value, key);
    } else if (known) {
      prune(resolve(known), value[key], resolve, child(path, key), false, unknown);
    } else if (!(embedded && (key === 'apiVersion' || key === 'kind' || key === 'metadata')) && !keepsUnknown(schema)) {
      unknown.push(child(path, key));
      Reflect.deleteProperty(value, key);
    }
  }
}

function allowsNull(schema: Schema): boolean {
  if (schema.nullable === true) return true;
  return schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true;
}

/** Fills in defaults, in place; a null where a default is declared and null is not allowed counts as absent. */
export function applyDefaults(schema: Schema, value: unknown, resolve: Resolve): void {
  const known = resolve(schema);
  if (Array.isArray(value)) {
    if (known.items) for (const item of value) applyDefaults(known.items, item, resolve);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(known.properties ?? {})) {
    const { default: fallback, nullable } = resolve(property);
    if (fallback === undefined) continue;
    if (value[key] === undefined || (value[key] === null && nullable !== true)) value[key] = cloneJson(fallback);
  }
  for (const key of Object.keys(value)) {
    const property = propertySchema(known, key);
    if (property) applyDefaults(property, value[key], resolve);
  }
}
