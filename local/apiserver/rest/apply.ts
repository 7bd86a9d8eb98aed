import { jsonText } from '../json.ts';
import { ApiError, badRequest, type Cause } from '../errors.ts';
import { cloneJson, equalJson, isObject, type KubeObject, type ManagedFieldsEntry } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import { groupVersion } from '../resources/resource.ts';
import { propertySchema, type Schema } from '../validate/schema.ts';
import { shownAs, type Api, type WriteOptions, type Written } from './api.ts';
import { createDecoded } from './create.ts';
import { decodeObject, fitNamespace } from './decode.ts';
import {
  appliedFields,
  flatten,
  fromFieldsV1,
  hasValue,
  itemKey,
  metaSchema,
  pathText,
  removeFields,
  toFieldsV1,
  withContainers,
  type FieldSet,
} from './field-set.ts';
import { fieldsOfLastApply, updateLastApplied } from './last-applied.ts';
import { entryOf, sortEntries } from './managed-fields.ts';
import { getObject, replaceObject, type Target } from './update.ts';

/**
 * Server-side apply: the manager's fields become what `body` says, those that it no longer names go, the rest stays.
 * Throws 409 where another manager has set a field to another value, unless `force`.
 */
export function applyObject(api: Api, target: Target, body: unknown, options: WriteOptions, force: boolean): Written {
  const { resource, namespace, name, subresource } = target;
  const { object: config, warnings } = decodeObject(resource, body, options);
  fitNamespace(resource, config.metadata, namespace);
  if (!config.metadata.name) config.metadata.name = name;
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  delete config.metadata.creationTimestamp;
  delete config.metadata.generation;
  if (subresource === 'status') keepOnly(config, ['status']);
  else if (resource.hasStatus) delete config['status'];
  const wanted = flatten(resource.schema, config);
  const now = api.clock.now();
  const found = api.storage.get(resource.gvr, namespace, name);
  if (!found) {
    if (subresource !== undefined) getObject(api, target);
    const entry = entryOf(resource, options.fieldManager, 'Apply', subresource, appliedFields(wanted), now);
    config.metadata.managedFields = [entry];
    return { ...createDecoded(api, resource, config, options), warnings };
  }
  const current = shownAs(resource, found);
  const merged = mergeOwned(api, target, current, config, wanted, options, force);
  const written = replaceObject(api, target, current, merged, options, false);
  return { ...written, warnings };
}

function keepOnly(object: KubeObject, fields: string[]): void {
  for (const key of Object.keys(object)) {
    if (!['apiVersion', 'kind', 'metadata', ...fields].includes(key)) Reflect.deleteProperty(object, key);
  }
  const { name, namespace, uid, resourceVersion } = object.metadata;
  object.metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function mergeOwned(
  api: Api,
  { resource, subresource }: Target,
  current: KubeObject,
  config: KubeObject,
  wanted: Map<string, unknown>,
  options: WriteOptions,
  force: boolean,
): KubeObject {
  const manager = options.fieldManager;
  const present = flatten(resource.schema, current);
  let before: FieldSet = new Set();
  let mine: ManagedFieldsEntry | undefined;
  const conflicts: { entry: ManagedFieldsEntry; paths: string[] }[] = [];
  const others: ManagedFieldsEntry[] = [];
  const heldByOthers: FieldSet = new Set();
  for (const entry of current.metadata.managedFields ?? []) {
    const fields = fromFieldsV1(entry.fieldsV1);
    if (entry.manager === manager && entry.operation === 'Apply' && entry.subresource === subresource) {
      mine = entry;
      before = fields;
      continue;
    }
    const paths = [...fields].filter(
      (path) => hasValue(wanted, path) && !equalJson(wanted.get(path), present.get(path)),
    );
    if (paths.length > 0) conflicts.push({ entry, paths });
    const kept = new Set([...fields].filter((path) => !paths.includes(path)));
    for (const path of kept) heldByOthers.add(path);
    if (kept.size > 0) others.push(paths.length === 0 ? entry : { ...entry, fieldsV1: toFieldsV1(kept) });
  }
  if (conflicts.length > 0 && !force) {
    const allowed = fieldsOfLastApply(manager, resource, current);
    const real = conflicts
      .map(({ entry, paths }) => ({ entry, paths: paths.filter((path) => !allowed.has(path)) }))
      .filter(({ paths }) => paths.length > 0);
    if (real.length > 0) throw applyConflict(real);
  }
  const merged = mergeObject(resource.schema, current, config) as KubeObject;
  merged.metadata = mergeMeta(current, config);
  updateLastApplied(manager, merged, config);
  const dropped = new Set([...before].filter((path) => !wanted.has(path) && !heldByOthers.has(path)));
  // what is empty then goes too, unless somebody wants it empty
  const emptied = [...withContainers(dropped)].filter((path) => !wanted.has(path) && !heldByOthers.has(path));
  removeFields(resource.schema, merged, new Set(emptied));
  merged.apiVersion = groupVersion(resource);
  const entry = entryOf(resource, manager, 'Apply', subresource, appliedFields(wanted), api.clock.now());
  // the time is that of the manager's last change: an apply that changes nothing brings none
  if (equalJson(merged, current)) {
    delete entry.time;
    if (mine?.time !== undefined) entry.time = mine.time;
  }
  merged.metadata.managedFields = sortEntries([entry, ...others]);
  return merged;
}

function mergeMeta(current: KubeObject, config: KubeObject): KubeObject['metadata'] {
  const meta: Record<string, unknown> = { ...cloneJson(current.metadata) };
  for (const [key, value] of Object.entries(config.metadata)) {
    meta[key] = mergeValue(metaSchema(key), meta[key], value);
  }
  return meta as unknown as KubeObject['metadata'];
}

function mergeObject(
  schema: Schema | undefined,
  current: Record<string, unknown>,
  config: Record<string, unknown>,
): Record<string, unknown> {
  const known = schema && resolveReference(schema);
  const merged: Record<string, unknown> = { ...cloneJson(current) };
  for (const [key, value] of Object.entries(config)) {
    merged[key] = mergeValue(known && propertySchema(known, key), merged[key], value);
  }
  return merged;
}

function mergeValue(schemaOrRef: Schema | undefined, current: unknown, config: unknown): unknown {
  const schema = schemaOrRef && resolveReference(schemaOrRef);
  if (isObject(current) && isObject(config) && schema?.['x-kubernetes-map-type'] !== 'atomic') {
    return mergeObject(schema, current, config);
  }
  const listType = schema?.['x-kubernetes-list-type'];
  if (!Array.isArray(current) || !Array.isArray(config) || (listType !== 'map' && listType !== 'set')) {
    return cloneJson(config);
  }
  const identity = (item: unknown): string => (listType === 'set' ? jsonText(item) : itemKey(schema, item));
  const result = [...(current as unknown[])];
  for (const item of config as unknown[]) {
    const at = result.findIndex((each) => identity(each) === identity(item));
    if (at < 0) result.push(cloneJson(item));
    else result[at] = mergeValue(schema?.items, result[at], item);
  }
  return result;
}

function applyConflict(conflicts: { entry: ManagedFieldsEntry; paths: string[] }[]): ApiError {
  const causes: Cause[] = [];
  const byManager: string[] = [];
  for (const { entry, paths } of conflicts) {
    const subresource = entry.subresource === undefined ? '' : ` with subresource "${entry.subresource}"`;
    const who = `"${entry.manager}"${subresource}${entry.operation === 'Update' ? ` using ${entry.apiVersion}` : ''}`;
    const texts = paths.map(pathText);
    for (const field of texts) causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field });
    byManager.push(
      texts.length === 1
        ? `conflict with ${who}: ${texts[0] ?? ''}`
        : `conflicts with ${who}:${texts.map((text) => `\n- ${text}`).join('')}`,
    );
  }
  const count = causes.length;
  const message = `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${byManager.join('\n')}`;
  return new ApiError(409, 'Conflict', message, { causes });
}
