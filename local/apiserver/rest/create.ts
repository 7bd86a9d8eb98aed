import { randomInt, randomUUID } from 'node:crypto';
import { admitCreate } from '../admission/admit.ts';
import { alreadyExists, ApiError, forbidden, notFound } from '../errors.ts';
import { kubeTime, type KubeObject } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import { StorageError } from '../storage.ts';
import { applyDefaults } from '../validate/prune.ts';
import { shownAs, storedAs, type Api, type WriteOptions, type Written } from './api.ts';
import { checkObject } from './check.ts';
import { decodeObject, fitNamespace } from './decode.ts';
import { trackUpdate } from './managed-fields.ts';

/** POST: decodes, defaults, checks and stores. Throws what a real server refuses. */
export function createObject(
  api: Api,
  resource: Resource,
  namespace: string | undefined,
  body: unknown,
  options: WriteOptions,
): Written {
  const { object, warnings } = decodeObject(resource, body, options);
  fitNamespace(resource, object.metadata, namespace);
  try {
    return { ...createDecoded(api, resource, object, options), warnings };
  } catch (error) {
    if (error instanceof ApiError) error.warnings = warnings;
    throw error;
  }
}

/** The part of {@link createObject} after decoding; also the end of an apply that finds nothing. */
export function createDecoded(api: Api, resource: Resource, object: KubeObject, options: WriteOptions): Written {
  prepare(api, resource, object);
  admitCreate(api, resource, object);
  if (resource.custom && resource.schema) applyDefaults(resource.schema, object, resolveReference);
  checkObject(resource, object, undefined);
  requireNamespace(api, resource, object.metadata);
  if (resource.custom && !object.metadata.managedFields) {
    const entries = trackUpdate(resource, undefined, object, options.fieldManager, undefined, api.clock.now());
    object.metadata.managedFields = entries;
  }
  const stored = storedAs(resource, object);
  const { name } = object.metadata;
  if (options.dryRun) {
    if (api.storage.get(resource.gvr, object.metadata.namespace, name)) throw taken(api, resource, object);
    return { object, created: true, warnings: [] };
  }
  try {
    return { object: shownAs(resource, api.storage.create(resource.gvr, stored)), created: true, warnings: [] };
  } catch (error) {
    if (error instanceof StorageError) throw taken(api, resource, object);
    throw error;
  }
}

/** 409; one that is being deleted is told so. */
function taken(api: Api, resource: Resource, { metadata: { namespace, name } }: KubeObject): ApiError {
  const error = alreadyExists(resource.plural, resource.group, name);
  const there = api.storage.get(resource.gvr, namespace, name);
  if (there?.metadata.deletionTimestamp === undefined) return error;
  return new ApiError(error.code, error.reason, `object is being deleted: ${error.message}`, error.details);
}

function prepare(api: Api, resource: Resource, object: KubeObject): void {
  const meta = object.metadata;
  if (meta.resourceVersion) {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  if (!meta.name && meta.generateName) meta.name = meta.generateName.slice(0, 58) + randomSuffix();
  if (!meta.name) meta.name = '';
  delete meta.resourceVersion;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  meta.uid = randomUUID();
  meta.creationTimestamp = kubeTime(api.clock.now());
  if (resource.hasGeneration) meta.generation = 1;
  if (resource.hasStatus) delete object['status'];
  object.apiVersion = groupVersion(resource);
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

function randomSuffix(): string {
  return Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)] ?? 'b').join('');
}

function requireNamespace(api: Api, resource: Resource, { namespace, name }: KubeObject['metadata']): void {
  if (!resource.namespaced || namespace === undefined) return;
  const found = api.storage.get('namespaces', undefined, namespace);
  if (!found) throw notFound('namespaces', '', namespace);
  if (found.metadata.deletionTimestamp !== undefined) {
    throw forbidden(
      resource.plural,
      resource.group,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }
}
