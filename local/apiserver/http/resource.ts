import { badRequest, conflict, noSuchResource, notFound, unsupportedMediaType } from '../errors.ts';
import { isObject } from '../objects.ts';
import { fieldRefusal, selectableFields } from '../resources/resource.ts';
import { applyObject } from '../rest/apply.ts';
import { createObject } from '../rest/create.ts';
import { deleteObject, isStorageError } from '../rest/delete.ts';
import type { Written } from '../rest/api.ts';
import { getObject, putObject, replaceObject, type Target } from '../rest/update.ts';
import { selectorOf } from '../selectors.ts';
import { ApiError } from '../errors.ts';
import { duplicateWarnings, mediaType, parseObject, parsePatch, readBody } from './body.ts';
import type { ResourceRequest, ServerContext } from './context.ts';
import { checkMatch, checkNotInFuture, numberOf, versionOf } from './list.ts';
import { negotiate } from './negotiate.ts';
import { applyForce, deleteOptions, writeOptions } from './options.ts';
import { servePodSubresource } from './pods.ts';
import { APPLY_PATCH, parseApply, patched, patchTypes } from './patches.ts';
import { serveTokenRequest } from './tokens.ts';
import { listText, objectText, watchRenderer } from './render.ts';
import { sendJson, warningHeaders } from './reply.ts';
import { answerReview } from '../auth/reviews.ts';

/** Serves one request under `/api` or `/apis` that names a resource. Throws what is answered as a Status. */
export async function serveResource(context: ServerContext, request: ResourceRequest): Promise<void> {
  const { req, resource, name, subresource } = request;
  if (subresource !== undefined) {
    const known = resource.subresources.some((each) => each.name === subresource);
    if (!known || name === undefined) {
      throw resource.custom && name !== undefined ? notFound(resource.plural, resource.group, name) : noSuchResource();
    }
    if (subresource === 'token' && req.method === 'POST') {
      await serveTokenRequest(context, request);
      return;
    }
    if (subresource !== 'status' && (await servePodSubresource(context, request))) return;
  }
  const verb = requestVerb(req.method, request.query, name);
  const isMisplaced = (verb === 'create') !== (name === undefined) && ['create', 'update', 'patch'].includes(verb);
  if (!isVerb(verb) || isMisplaced || (subresource === undefined && !resource.verbs.includes(verb))) {
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

function isVerb(verb: string): verb is Verb {
  return Object.hasOwn(VERBS, verb);
}

/** What a request is, as RBAC and discovery name it; the method in lower case for one that resources do not have. */
export function requestVerb(method: string | undefined, query: URLSearchParams, name: string | undefined): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      // a watch of one object by its path is long gone from the API; the object itself is answered
      if (name !== undefined) return 'get';
      return isWatch(query) ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return (method ?? '').toLowerCase();
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
    const match = selectorOf(query, selectableFields(resource), fieldRefusal(resource));
    const seconds = numberOf(query, 'timeoutSeconds');
    context.hub.serve(res, {
      resource,
      namespace,
      match,
      resourceVersion: versionOf(query, true),
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
    const bytes = await readBody(req);
    const body = parseObject(bytes, mediaType(req), resource.kind);
    if (options.fieldValidation !== 'Ignore') options.textWarnings = duplicateWarnings(bytes, mediaType(req));
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
    const bytes = await readBody(req);
    const body = parseObject(bytes, mediaType(req), resource.kind);
    if (options.fieldValidation !== 'Ignore') options.textWarnings = duplicateWarnings(bytes, mediaType(req));
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
    const accepted = patchTypes(resource);
    if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
    const bytes = await readBody(req);
    const where = target(request);
    if (type === APPLY_PATCH) {
      const force = applyForce(query);
      sendWritten(context, request, applyObject(context.api, where, parseApply(bytes), options, force));
      return;
    }
    const patch = parsePatch(bytes);
    const current = getObject(context.api, where);
    sendWritten(
      context,
      request,
      replaceObject(context.api, where, current, patched(resource, current, patch, type), options),
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

function finalizeNamespace(context: ServerContext, name: string, body: unknown): void {
  const spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
  context.api.storage.modify('namespaces', undefined, name, (current) => ({
    ...current,
    spec: { ...(current['spec'] as object | undefined), finalizers: spec['finalizers'] ?? [] },
  }));
}
