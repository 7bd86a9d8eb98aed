import { badRequest, conflict, invalid, invalidValue, notFound } from '../errors.ts';
import { admitUpdate } from '../admission/admit.ts';
import { cloneJson, equalJson, type KubeObject } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import type { Resource } from '../resources/resource.ts';
import { applyDefaults } from '../validate/prune.ts';
import { shownAs, storedAs, type Api, type WriteOptions, type Written } from './api.ts';
import { checkObject } from './check.ts';
import { decodeObject, fitNamespace } from './decode.ts';
import { trackUpdate } from './managed-fields.ts';

/** Which object, and by which door. */
export interface Target {
  resource: Resource;
  namespace: string | undefined;
  name: string;
  /** `status`, or undefined for the object itself. */
  subresource: string | undefined;
}

/** Finds the object in the version that the resource shows. Throws 404. */
export function getObject(api: Api, { resource, namespace, name }: Target): KubeObject {
  const found = api.storage.get(resource.gvr, namespace, name);
  if (!found) throw notFound(resource.plural, resource.group, name);
  return shownAs(resource, found);
}

/**
 * The common end of PUT, PATCH and apply: `next` becomes the object, as far as the door lets it. `tracked` is false when
 * the caller has done the managedFields. Throws 400, 409, 422.
 */
export function replaceObject(
  api: Api,
  target: Target,
  current: KubeObject,
  next: unknown,
  options: WriteOptions,
  tracked = true,
): Written {
  const { resource, name, subresource } = target;
  const { object, warnings } = decodeObject(resource, next, options);
  fitNamespace(resource, object.metadata, target.namespace);
  checkIdentity(resource, name, object, current);
  const merged =
    subresource === 'status' ? statusOnly(resource, object, current) : withoutStatus(resource, object, current);
  merged.metadata = systemFields(merged, object, current);
  admitUpdate(resource, merged, current, subresource);
  if (resource.custom && resource.schema) applyDefaults(resource.schema, merged, resolveReference);
  if (resource.hasGeneration && specChanged(merged, current)) {
    merged.metadata.generation = (current.metadata.generation ?? 0) + 1;
  }
  checkObject(resource, merged, current);
  if (equalJson(merged, current)) return { object: current, created: false, warnings };
  if (resource.custom && tracked) {
    const now = api.clock.now();
    const entries = trackUpdate(resource, current, merged, options.fieldManager, subresource, now);
    merged.metadata.managedFields = entries;
  }
  if (options.dryRun) return { object: merged, created: false, warnings };
  const stored = api.storage.update(resource.gvr, storedAs(resource, merged));
  return { object: shownAs(resource, stored), created: false, warnings };
}

function checkIdentity(resource: Resource, name: string, object: KubeObject, current: KubeObject): void {
  const meta = object.metadata;
  if (!meta.name) meta.name = name;
  if (meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
  if (meta.resourceVersion && meta.resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource.plural, resource.group, name);
  }
  if (meta.uid && meta.uid !== current.metadata.uid) {
    throw invalid(resource.kind, resource.group, name, [invalidValue('metadata.uid', meta.uid, 'field is immutable')]);
  }
}

/** Through `/status` comes the status; a built-in kind takes labels, annotations and finalizers along. */
function statusOnly(resource: Resource, object: KubeObject, current: KubeObject): KubeObject {
  const { status: _old, ...rest } = cloneJson(current);
  if (!resource.custom) rest.metadata = object.metadata;
  const merged: KubeObject = rest;
  if (object['status'] !== undefined) merged['status'] = object['status'];
  return merged;
}

function withoutStatus(resource: Resource, object: KubeObject, current: KubeObject): KubeObject {
  if (!resource.hasStatus) return object;
  const { status: _ignored, ...rest } = object;
  const merged: KubeObject = rest;
  if (current['status'] !== undefined) merged['status'] = cloneJson(current['status']);
  return merged;
}

/** What no client can change. */
function systemFields(merged: KubeObject, object: KubeObject, current: KubeObject): KubeObject['metadata'] {
  const meta = { ...merged.metadata };
  for (const key of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'resourceVersion',
  ] as const) {
    Reflect.deleteProperty(meta, key);
    if (current.metadata[key] !== undefined) Object.assign(meta, { [key]: current.metadata[key] });
  }
  // an empty list is the way to drop them; absent keeps them
  const managed = object.metadata.managedFields ?? current.metadata.managedFields;
  if (managed?.length) meta.managedFields = managed;
  else delete meta.managedFields;
  return meta;
}

function specChanged(a: KubeObject, b: KubeObject): boolean {
  const bare = ({ metadata: _m, status: _s, ...rest }: KubeObject): unknown => rest;
  return !equalJson(bare(a), bare(b));
}

/** PUT. Some kinds may be written without a resourceVersion; a custom resource needs one. */
export function putObject(api: Api, target: Target, body: unknown, options: WriteOptions): Written {
  const current = getObject(api, target);
  const meta = (body as { metadata?: { resourceVersion?: unknown; name?: unknown; uid?: unknown } } | null)?.metadata;
  if (meta?.name === undefined) throw badRequest('name must be provided');
  const { resource, name } = target;
  const { uid } = meta;
  if (typeof uid === 'string' && uid !== '' && uid !== current.metadata.uid) {
    const there = current.metadata.uid ?? '';
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${there}`;
    throw conflict(resource.plural, resource.group, name, why);
  }
  if (resource.custom && !meta.resourceVersion) {
    throw invalid(resource.plural, resource.group, name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  return replaceObject(api, target, current, body, options);
}
