import type { Kube, Query } from './client.ts';
import type { ResourceType } from './kinds.ts';
import type { KubeObject, Stored } from './meta.ts';

/** Which objects of a kind. */
export interface ListOptions {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects per page; default 500. All pages are read. */
  limit?: number;
  /** '0' takes what the server's cache has, maybe old; default is the newest. */
  resourceVersion?: string;
  signal?: AbortSignal | undefined;
}

/** A consistent list: what existed at its resourceVersion, from which a watch goes on. */
export interface List<T extends KubeObject> {
  items: Stored<T>[];
  resourceVersion: string;
}

/** One operation of a JSON patch (RFC 6902). A `test` that fails is a 422. */
export type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; from: string; path: string };

/** What a write can say beside the object. */
export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  /** What becomes of fields that the schema does not know; the server's default is to drop them with a warning. */
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  signal?: AbortSignal | undefined;
}

/** What a patch can say. */
export interface PatchOptions extends WriteOptions {
  subresource?: 'status';
}

/** What a delete can say. With a uid or a resourceVersion another object of that name is not touched (409). */
export interface DeleteOptions {
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  signal?: AbortSignal | undefined;
}

/** The objects of one kind in one namespace. Every call throws KubeError. */
export interface Resource<T extends KubeObject> {
  get(name: string, options?: { signal?: AbortSignal | undefined }): Promise<Stored<T>>;
  list(options?: ListOptions): Promise<List<T>>;
  create(object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Needs the object's resourceVersion where others write too; then a conflict is a 409. */
  replace(object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** As replace, of the status alone. */
  replaceStatus(object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** `null` removes a field; a `metadata.resourceVersion` in it is a precondition. */
  mergePatch(name: string, patch: object, options?: PatchOptions): Promise<Stored<T>>;
  jsonPatch(name: string, operations: JsonPatchOperation[], options?: PatchOptions): Promise<Stored<T>>;
  /** Server-side apply; apiVersion, kind and name are filled in. */
  apply(
    name: string,
    object: { metadata?: object },
    options: PatchOptions & { fieldManager: string; force?: boolean },
  ): Promise<Stored<T>>;
  /** Resolves when the server has accepted it: a pod, or an object with finalizers, lives on for a while. */
  delete(name: string, options?: DeleteOptions): Promise<void>;
}

/** The path of a kind, an object of it or a subresource. Without a namespace: all namespaces, or a cluster-scoped kind. */
export function pathOf(
  type: Pick<ResourceType<KubeObject>, 'group' | 'version' | 'plural'>,
  namespace?: string,
  ...rest: string[]
): string {
  const root = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version];
  const scope = namespace === undefined ? [] : ['namespaces', namespace];
  return ['', ...root, ...scope, type.plural, ...rest].map(encodeURIComponent).join('/');
}

const PAGE = 500;

interface RawList<T> {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: T[] | null;
}

/** One kind in one namespace (none for a cluster-scoped kind, or for lists over all namespaces). */
export function resource<T extends KubeObject>(kube: Kube, type: ResourceType<T>, namespace?: string): Resource<T> {
  const at = (...rest: string[]): string => pathOf(type, namespace, ...rest);
  const { parse } = type;
  const write = (
    options: WriteOptions = {},
  ): { query: Query; signal: AbortSignal | undefined; parse: typeof parse } => ({
    query: {
      dryRun: options.dryRun ? 'All' : undefined,
      fieldManager: options.fieldManager,
      fieldValidation: options.fieldValidation,
    },
    signal: options.signal,
    parse,
  });
  const patch = (name: string, body: unknown, contentType: string, options: PatchOptions = {}, query: Query = {}) => {
    const { query: common, ...rest } = write(options);
    const path = options.subresource ? at(name, options.subresource) : at(name);
    return kube.request<Stored<T>>('PATCH', path, { ...rest, query: { ...common, ...query }, body, contentType });
  };
  return {
    get: (name, options = {}) => kube.request('GET', at(name), { signal: options.signal, parse }),
    list: (options = {}) => listAll(kube, type, namespace, options),
    create: (object, options) => kube.request('POST', at(), { ...write(options), body: object }),
    replace: (object, options) => kube.request('PUT', at(nameOf(object)), { ...write(options), body: object }),
    replaceStatus: (object, options) =>
      kube.request('PUT', at(nameOf(object), 'status'), { ...write(options), body: object }),
    mergePatch: (name, body, options) => patch(name, body, 'application/merge-patch+json', options),
    jsonPatch: (name, operations, options) => patch(name, operations, 'application/json-patch+json', options),
    apply: (name, object, options) => {
      const body = {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        ...object,
        metadata: { ...object.metadata, name },
      };
      return patch(name, body, 'application/apply-patch+yaml', options, { force: options.force });
    },
    delete: async (name, options = {}) => {
      await kube.request('DELETE', at(name), { body: deleteBody(options), signal: options.signal });
    },
  };
}

const apiVersionOf = ({ group, version }: Pick<ResourceType<KubeObject>, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;

function nameOf(object: KubeObject): string {
  if (object.metadata.name === undefined) throw new TypeError(`the ${object.kind} to replace has no name`);
  return object.metadata.name;
}

function deleteBody({ uid, resourceVersion, gracePeriodSeconds, propagationPolicy }: DeleteOptions): object {
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
  return { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds, propagationPolicy };
}

async function listAll<T extends KubeObject>(
  kube: Kube,
  type: ResourceType<T>,
  namespace: string | undefined,
  options: ListOptions,
): Promise<List<T>> {
  const { signal, limit = PAGE, resourceVersion, labelSelector, fieldSelector } = options;
  const items: Stored<T>[] = [];
  let next: string | undefined;
  for (;;) {
    const query = {
      labelSelector,
      fieldSelector,
      limit,
      continue: next,
      resourceVersion: next ? undefined : resourceVersion,
    };
    const path = pathOf(type, namespace);
    const page = await kube.request<RawList<Stored<T>>>('GET', path, {
      query,
      signal,
      parse: type.parse,
      timeoutMs: 60_000,
    });
    // Lists of built-in kinds leave these two out of their items.
    for (const item of page.items ?? []) items.push({ ...item, apiVersion: apiVersionOf(type), kind: type.kind });
    next = page.metadata?.continue || undefined;
    if (next === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  }
}
