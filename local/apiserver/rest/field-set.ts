import { jsonText } from '../json.ts';
import { equalJson, isObject, type Json, type JsonObject } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import { propertySchema, type Schema } from '../validate/schema.ts';

/**
 * The fields of an object as `metadata.managedFields` names them (FieldsV1): a path is its elements `f:name`,
 * `k:{"type":"Ready"}` or `v:"x"`, joined by NUL. Containers are members of their own, as `.` in FieldsV1.
 */
export type FieldSet = Set<string>;

const SEPARATOR = '\u0000';

/** Fields that belong to the server and have no manager. */
const SERVERS_OWN = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'managedFields',
  'selfLink',
]);

/** Every field below `object` with its value; containers stand for themselves, with no value. */
export function flatten(schema: Schema | undefined, object: Record<string, unknown>): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind' || value === undefined) continue;
    if (key === 'metadata') {
      if (!isObject(value)) continue;
      for (const [name, each] of Object.entries(value)) {
        if (!SERVERS_OWN.has(name)) walk(metaSchema(name), each, `f:metadata${SEPARATOR}f:${name}`, fields);
      }
    } else {
      walk(schema && propertySchema(resolveReference(schema), key), value, `f:${key}`, fields);
    }
  }
  return fields;
}

/** Lists in metadata that have more than one owner. */
export function metaSchema(name: string): Schema {
  return resolveReference(propertySchema(resolveReference({ $ref: 'meta.v1.ObjectMeta' }), name) ?? {});
}

const CONTAINER = Symbol('container');

function walk(schemaOrRef: Schema | undefined, value: unknown, path: string, fields: Map<string, unknown>): void {
  const schema = schemaOrRef && resolveReference(schemaOrRef);
  if (isObject(value) && schema?.['x-kubernetes-map-type'] !== 'atomic') {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    fields.set(path, keys.length === 0 ? {} : CONTAINER);
    for (const key of keys) {
      walk(schema && propertySchema(schema, key), value[key], `${path}${SEPARATOR}f:${key}`, fields);
    }
    return;
  }
  const listType = schema?.['x-kubernetes-list-type'];
  if (Array.isArray(value) && (listType === 'map' || listType === 'set')) {
    fields.set(path, value.length === 0 ? [] : CONTAINER);
    for (const item of value as unknown[]) {
      if (listType === 'set') fields.set(`${path}${SEPARATOR}v:${jsonText(item)}`, item);
      else walk(schema?.items, item, `${path}${SEPARATOR}${itemKey(schema, item)}`, fields);
    }
    return;
  }
  fields.set(path, value);
}

/** `k:{"type":"Ready"}`: how an item of a list of type map is named. */
export function itemKey(schema: Schema | undefined, item: unknown): string {
  const keys = [...(schema?.['x-kubernetes-list-map-keys'] ?? [])].sort();
  const entries = isObject(item) ? keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]) : [];
  return `k:${jsonText(Object.fromEntries(entries))}`;
}

/** Fields of `next` that are not in `old` or have another value there. */
export function changedFields(old: Map<string, unknown>, next: Map<string, unknown>): FieldSet {
  const changed: FieldSet = new Set();
  for (const [path, value] of next) {
    if (!old.has(path) || (value !== CONTAINER && !equalJson(value, old.get(path)))) changed.add(path);
  }
  return changed;
}

/** True for a field that has a value of its own, which two managers may disagree about. */
export function hasValue(fields: Map<string, unknown>, path: string): boolean {
  return fields.has(path) && fields.get(path) !== CONTAINER;
}

/** What an apply owns: its values and the items of its keyed lists, not the containers around them. */
export function appliedFields(fields: Map<string, unknown>): FieldSet {
  return new Set([...fields.keys()].filter((path) => hasValue(fields, path) || /(^|\u0000)k:[^\u0000]*$/.test(path)));
}

/** As `fieldsV1` of a managedFields entry. */
export function toFieldsV1(fields: FieldSet): JsonObject {
  const root: JsonObject = {};
  for (const path of [...fields].sort()) {
    let node = root;
    for (const element of path.split(SEPARATOR)) {
      const next = node[element];
      node = isObject(next) ? next : (node[element] = {});
    }
    node['.'] = {};
  }
  dropLeafDots(root);
  return root;
}

function dropLeafDots(node: JsonObject): void {
  for (const value of Object.values(node)) {
    if (!isObject(value)) continue;
    const child = value;
    const keys = Object.keys(child);
    if (keys.length === 1 && keys[0] === '.') delete child['.'];
    else dropLeafDots(child);
  }
}

/** The opposite of {@link toFieldsV1}. */
export function fromFieldsV1(node: JsonObject): FieldSet {
  const fields: FieldSet = new Set();
  collect(node, '', fields);
  return fields;
}

function collect(node: { [key: string]: Json }, path: string, fields: FieldSet): void {
  const keys = Object.keys(node);
  if (path !== '' && (keys.length === 0 || keys.includes('.'))) fields.add(path);
  for (const key of keys) {
    const value = node[key];
    if (key !== '.' && isObject(value)) {
      collect(value, path === '' ? key : `${path}${SEPARATOR}${key}`, fields);
    }
  }
}

/** `.spec.conditions[type="Ready"].status`, as conflicts name a field. */
export function pathText(path: string): string {
  return path
    .split(SEPARATOR)
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys = JSON.parse(rest) as Record<string, unknown>;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${jsonText(value)}`)
        .join(',')}]`;
    })
    .join('');
}

/** Removes the fields of `paths` from an object, in place; a container goes only when it is empty then. */
export function removeFields(schema: Schema | undefined, object: Record<string, unknown>, paths: FieldSet): void {
  // deepest first, so that a container has lost its members when its own turn comes
  for (const path of [...paths].sort((a, b) => b.split(SEPARATOR).length - a.split(SEPARATOR).length)) {
    removeAt(schema, object, path.split(SEPARATOR));
  }
}

function removeAt(schema: Schema | undefined, parent: Record<string, unknown>, elements: string[]): void {
  const [first = '', ...rest] = elements;
  const key = first.slice(2);
  const value = parent[key];
  const known = schema && propertySchema(resolveReference(schema), key);
  if (rest.length === 0) {
    if (!isFilled(known && resolveReference(known), value)) Reflect.deleteProperty(parent, key);
    return;
  }
  if (isObject(value)) {
    removeAt(known, value, rest);
  } else if (Array.isArray(value)) {
    const list = known && resolveReference(known);
    const [element = '', ...deeper] = rest;
    const items = value as unknown[];
    const at = items.findIndex((item) =>
      element.startsWith('v:') ? jsonText(item) === element.slice(2) : itemKey(list, item) === element,
    );
    const item = items[at];
    if (at < 0) return;
    if (deeper.length > 0) {
      // the keys go with the item, by which it is found until then
      const isKey = deeper.length === 1 && list?.['x-kubernetes-list-map-keys']?.includes(deeper[0]?.slice(2) ?? '');
      if (isObject(item) && isKey !== true) removeAt(list?.items, item, deeper);
      return;
    }
    const onlyKeys =
      !isObject(item) || Object.keys(item).every((each) => list?.['x-kubernetes-list-map-keys']?.includes(each));
    if (onlyKeys) items.splice(at, 1);
  }
}

/** True for a container that still has something in it; what is a value as a whole is none. */
function isFilled(schema: Schema | undefined, value: unknown): boolean {
  if (isObject(value)) return schema?.['x-kubernetes-map-type'] !== 'atomic' && Object.keys(value).length > 0;
  const listType = schema?.['x-kubernetes-list-type'];
  return Array.isArray(value) && value.length > 0 && (listType === 'map' || listType === 'set');
}

/** The containers around some fields, with the fields themselves. */
export function withContainers(fields: FieldSet): FieldSet {
  const all = new Set(fields);
  for (const path of fields) {
    const elements = path.split(SEPARATOR);
    for (let length = 1; length < elements.length; length++) all.add(elements.slice(0, length).join(SEPARATOR));
  }
  return all;
}
