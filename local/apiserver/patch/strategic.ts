import { cloneJson, isObject } from '../objects.ts';
import { propertySchema, type Resolve, type Schema } from '../validate/schema.ts';

type Fields = Record<string, unknown>;

/**
 * Strategic merge patch: a JSON merge patch whose lists merge by key where the schema says so, with the directives
 * `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…`.
 */
export function strategicMerge(schema: Schema | undefined, target: unknown, patch: unknown, resolve: Resolve): unknown {
  if (!isObject(patch)) return cloneJson(patch);
  return mergeObject(schema && resolve(schema), isObject(target) ? target : {}, patch, resolve);
}

function mergeObject(schema: Schema | undefined, target: Fields, patch: Fields, resolve: Resolve): Fields {
  if (patch['$patch'] === 'replace') {
    const { $patch: _directive, ...rest } = patch;
    return cloneJson(rest);
  }
  if (patch['$patch'] === 'delete') return {};
  const result: Fields = { ...target };
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) Reflect.deleteProperty(result, key);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length);
      const list = result[name];
      if (Array.isArray(list) && Array.isArray(value)) result[name] = list.filter((item) => !value.includes(item));
    } else if (key.startsWith('$')) {
      continue;
    } else if (value === null) {
      Reflect.deleteProperty(result, key);
    } else {
      const known = schema && propertySchema(schema, key);
      result[key] = mergeValue(known, result[key], value, resolve);
    }
  }
  orderLists(schema, result, patch);
  return result;
}

function mergeValue(declared: Schema | undefined, target: unknown, patch: unknown, resolve: Resolve): unknown {
  const schema = declared && resolve(declared);
  if (isObject(patch)) {
    return mergeObject(schema, isObject(target) ? target : {}, patch, resolve);
  }
  const merges = (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',').includes('merge');
  if (!Array.isArray(patch) || !merges) return cloneJson(patch);
  const key = schema?.['x-kubernetes-patch-merge-key'];
  const list = Array.isArray(target) ? (target as unknown[]) : [];
  if (key === undefined) return [...list, ...(patch as unknown[]).filter((item) => !list.includes(item))];
  return mergeList(schema?.items && resolve(schema.items), list, patch as unknown[], key, resolve);
}

function mergeList(
  items: Schema | undefined,
  list: unknown[],
  patch: unknown[],
  key: string,
  resolve: Resolve,
): unknown[] {
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return cloneJson(patch.filter((item) => !isObject(item) || item['$patch'] === undefined));
  }
  let result = [...list];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const same = (each: unknown): boolean => isObject(each) && each[key] === item[key];
    if (item['$patch'] === 'delete') {
      result = result.filter((each) => !same(each));
      continue;
    }
    const at = result.findIndex(same);
    const merged = mergeObject(items, at < 0 ? {} : (result[at] as Fields), item, resolve);
    if (at < 0) result.push(merged);
    else result[at] = merged;
  }
  return result;
}

function orderLists(schema: Schema | undefined, result: Fields, patch: Fields): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith('$setElementOrder/') || !Array.isArray(order)) continue;
    const name = directive.slice('$setElementOrder/'.length);
    const list = result[name];
    if (!Array.isArray(list)) continue;
    const key = schema && propertySchema(schema, name)?.['x-kubernetes-patch-merge-key'];
    const identity = (item: unknown): unknown => (key !== undefined && isObject(item) ? item[key] : item);
    const places = new Map(order.map((item, i) => [identity(item), i]));
    const place = (item: unknown): number => places.get(identity(item)) ?? places.size;
    result[name] = [...(list as unknown[])].sort((a, b) => place(a) - place(b));
  }
}
