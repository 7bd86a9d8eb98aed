import { badRequest, conflict, methodNotSupported, noSuchResource, notFound, unsupportedMediaType } from '../errors.ts';
import { parseJson } from '../json.ts';
import { isObject, type KubeObject } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import { selectableFields } from '../resources/resource.ts';
import { applyObject } from '../rest/apply.ts';
import { createObject } from '../rest/create.ts';
import { deleteObject, isStorageError } from '../rest/delete.ts';
import type { Written } from '../rest/api.ts';
import { getObject, putObject, replaceObject, type Target } from '../rest/update.ts';
import { jsonPatch, PatchError } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge.ts';
import { strategicMerge } from '../patch/strategic.ts';
import { selectorOf } from '../selectors.ts';
import { ApiError } from '../errors.ts';
import { load } from 'js-yaml';
import { mediaType, parseObject, parsePatch, readBody } from './body.ts';
import type { ResourceRequest, ServerContext } from './context.ts';
import { checkMatch, checkNotInFuture, numberOf, versionOf } from './list.ts';
import { negotiate } from './negotiate.ts';
import { applyForce, deleteOptions, writeOptions } from './options.ts';
import { servePodSubresource } from './pods.ts';
import { listText, objectText, watchRenderer } from './render.ts';
import { sendJson, warningHeaders } from './reply.ts';
import { answerReview } from './reviews.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

/** Serves one request under `/api` or `/apis` that names a resource. Throws what is answered as a Status. */
export async function serveResource(context: ServerContext, request: ResourceRequest): Promise<void> {
  const { req, resource, name, subresource } = request;
  if (subresource !== undefined) {
    const known = resource.subresources.some((each) => each.name === subresource);
    if (!known || name === undefined) {
      throw resource.custom && name !== undefined ? notFound(resource.plural, resource.group, name) : noSuchResource();
    }
    if (subresource !== 'status' && (await servePodSubresource(context, request))) return;
  }
  const verb = verbOf(request);
  if (verb === undefined || (subresource === undefined && !resource.verbs.includes(verb))) {
    if (req.method === 'POST' && name !== undefined)
      throw methodNotSupported(resource.plural, resource.group, 'create');
    throw new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
  }
  try {
    await VERBS[verb](context, request);
  } catch (error) {
    if (isStorageError(error)) throw conflict(resource.plural, resource.group, name ?? '');
    throw error;
  }
}

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

function verbOf({ req, name, query }: ResourceRequest): Verb | undefined {
  switch (req.method) {
    case 'GET':
    case 'HEAD':
      // a watch of one object by its path is long gone from the API; the object itself is answered
      if (name !== undefined) return 'get';
      return isWatch(query) ? 'watch' : 'list';
    case 'POST':
      return name === undefined ? 'create' : undefined;
    case 'PUT':
      return name === undefined ? undefined : 'update';
    case 'PATCH':
      return name === undefined ? undefined : 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}

function isWatch(query: URLSearchParams): boolean {
  const value = query.get('watch');
  return value !== null && value !== 'false' && value !== '0';
}

function target({ resource, namespace, name = '', subresource }: ResourceRequest): Target {
  return { resource, namespace, name, subresource };
}

const VERBS: Record<Verb, (context: ServerContext, request: ResourceRequest) => Promise<void> | void> = {
  get(context, request) {
    const { req, res, query, resource } = request;
    const wanted = negotiate(req.headers.accept);
    const { storage, clock } = context.api;
    checkNotInFuture(storage, versionOf(query) ?? 0);
    const object = getObject(context.api, target(request));
    sendJson(res, 200, objectText(storage, resource, object, wanted, query, clock.now()), wanted.format);
  },

  list(context, request) {
    const { req, res, query, resource, namespace } = request;
    const wanted = negotiate(req.headers.accept);
    const page = context.list(resource, namespace, query);
    const { storage, clock } = context.api;
    sendJson(res, 200, listText(storage, resource, page, wanted, query, clock.now()), wanted.format);
  },

  watch(context, request) {
    const { req, res, query, resource, namespace } = request;
    const wanted = negotiate(req.headers.accept);
    checkMatch(query, true);
    const match = selectorOf(query, selectableFields(resource));
    const seconds = numberOf(query, 'timeoutSeconds');
    context.hub.serve(res, {
      resource,
      namespace,
      match,
      resourceVersion: versionOf(query),
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      sendInitialEvents: query.get('sendInitialEvents') === 'true',
      timeoutMs: seconds === undefined || seconds <= 0 ? undefined : seconds * 1000,
      render: watchRenderer(resource, wanted, query, () => context.api.clock.now()),
    });
  },

  async create(context, request) {
    const { req, res, query, resource, namespace, user } = request;
    const wanted = negotiate(req.headers.accept);
    const options = writeOptions(req, query, 'CreateOptions');
    const body = parseObject(await readBody(req), mediaType(req), resource.kind);
    if (!resource.verbs.includes('get')) {
      sendJson(res, 201, JSON.stringify(answerReview(resource.kind, body, user, context)), wanted.format);
      return;
    }
    if (resource.namespaced && namespace === undefined) {
      throw badRequest('an empty namespace may not be set during creation');
    }
    sendWritten(context, request, createObject(context.api, resource, namespace, body, options));
  },

  async update(context, request) {
    const { req, query, resource, name = '' } = request;
    const options = writeOptions(req, query, 'UpdateOptions');
    const body = parseObject(await readBody(req), mediaType(req), resource.kind);
    if (request.subresource === 'finalize') {
      finalizeNamespace(context, name, body);
      sendWritten(context, request, {
        object: getObject(context.api, target(request)),
        created: false,
        warnings: [],
      });
      return;
    }
    sendWritten(context, request, putObject(context.api, target(request), body, options));
  },

  async patch(context, request) {
    const { req, query, resource } = request;
    const options = writeOptions(req, query, 'PatchOptions');
    const type = mediaType(req);
    const accepted = [JSON_PATCH, MERGE_PATCH, ...(resource.custom ? [] : [STRATEGIC_PATCH]), APPLY_PATCH];
    if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
    const bytes = await readBody(req);
    const where = target(request);
    if (type === APPLY_PATCH) {
      const force = applyForce(query);
      sendWritten(context, request, applyObject(context.api, where, parseYaml(bytes), options, force));
      return;
    }
    const patch = parsePatch(bytes);
    const current = getObject(context.api, where);
    sendWritten(
      context,
      request,
      replaceObject(context.api, where, current, patched(request, current, patch, type), options),
    );
  },

  async delete(context, request) {
    const { req, res, query, resource, namespace, name = '' } = request;
    const wanted = negotiate(req.headers.accept);
    const bytes = await readBody(req);
    const body = bytes.length === 0 ? undefined : parseObject(bytes, mediaType(req), 'DeleteOptions');
    const options = deleteOptions(body, query);
    const current = context.api.storage.get(resource.gvr, namespace, name);
    if (!current) throw notFound(resource.plural, resource.group, name);
    const { object, gone } = deleteObject(context.api, resource, current, options);
    const returnsObject = !gone || resource.gvr === 'pods' || resource.gvr === 'namespaces';
    if (returnsObject) {
      const { storage, clock } = context.api;
      sendJson(res, 200, objectText(storage, resource, object, wanted, query, clock.now()), wanted.format);
      return;
    }
    const details = {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: object.metadata.uid,
    };
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    sendJson(res, 200, JSON.stringify(status), wanted.format);
  },

  async deletecollection(context, request) {
    const { req, res, query, resource, namespace } = request;
    const wanted = negotiate(req.headers.accept);
    const bytes = await readBody(req);
    const body = bytes.length === 0 ? undefined : parseObject(bytes, mediaType(req), 'DeleteOptions');
    const options = deleteOptions(body, query);
    const page = context.list(resource, namespace, query);
    for (const object of page.objects) {
      const current = context.api.storage.get(resource.gvr, object.metadata.namespace, object.metadata.name);
      if (current) deleteObject(context.api, resource, current, options);
    }
    const { storage, clock } = context.api;
    sendJson(res, 200, listText(storage, resource, page, wanted, query, clock.now()), wanted.format);
  },
};

function sendWritten(context: ServerContext, request: ResourceRequest, written: Written): void {
  const { req, res, resource } = request;
  const wanted = negotiate(req.headers.accept);
  const { storage, clock } = context.api;
  const text = objectText(storage, resource, written.object, wanted, request.query, clock.now());
  sendJson(res, written.created ? 201 : 200, text, wanted.format, warningHeaders(written.warnings));
}

function patched({ resource }: ResourceRequest, current: KubeObject, patch: unknown, type: string): unknown {
  if (type === JSON_PATCH) {
    if (!Array.isArray(patch)) {
      throw badRequest(
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      );
    }
    try {
      return jsonPatch(current, patch);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      // a real server does not tell either which operation failed
      throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
    }
  }
  if (!isObject(patch)) throw badRequest('error decoding patch: the patch is no object');
  if (type === MERGE_PATCH) return structuredClone(mergePatch(current, patch));
  return structuredClone(strategicMerge(resource.schema, current, patch, resolveReference));
}

/** YAML, or the JSON that kubectl sends under that name, whose numbers are kept exactly. */
function parseYaml(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return text.trimStart().startsWith('{') ? parseJson(text) : load(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function finalizeNamespace(context: ServerContext, name: string, body: unknown): void {
  const spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
  context.api.storage.modify('namespaces', undefined, name, (current) => ({
    ...current,
    spec: { ...(current['spec'] as object | undefined), finalizers: spec['finalizers'] ?? [] },
  }));
}
