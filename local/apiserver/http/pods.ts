import { once } from 'node:events';
import { ApiError, badRequest, notFound, ofRefusal } from '../errors.ts';
import { isObject } from '../objects.ts';
import type { AttachOptions, LogOptions } from '../kubelet-api.ts';
import { deleteObject } from '../rest/delete.ts';
import { mediaType, parseObject, readBody } from './body.ts';
import type { ResourceRequest, ServerContext } from './context.ts';
import { numberOf } from './list.ts';
import { deleteOptions } from './options.ts';
import { sendJson } from './reply.ts';

/** log, eviction and binding of a pod; true if it was one of them. */
export async function servePodSubresource(context: ServerContext, request: ResourceRequest): Promise<boolean> {
  const { req, resource, subresource } = request;
  if (resource.gvr !== 'pods') return false;
  if (subresource === 'log' && req.method === 'GET') await serveLog(context, request);
  else if (subresource === 'eviction' && req.method === 'POST') await serveEviction(context, request);
  else if (subresource === 'binding' && req.method === 'POST') await serveBinding(context, request);
  else if (subresource === 'attach' || subresource === 'exec') throw badRequest('Upgrade request required');
  else return false;
  return true;
}

/** The containers are processes of this machine, which can be looked at as such. */
export function noExec(): ApiError {
  const what = 'the embedded cluster runs no commands in containers (exec, cp)';
  return new ApiError(501, 'NotImplemented', `${what}: use a real cluster for that`);
}

function requirePod(context: ServerContext, { namespace, name = '' }: ResourceRequest): void {
  if (!context.api.storage.get('pods', namespace, name)) throw notFound('pods', '', name);
}

function success(code = 201): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code });
}

async function serveLog(context: ServerContext, request: ResourceRequest): Promise<void> {
  const { res, query, namespace = '', name = '' } = request;
  requirePod(context, request);
  const kubelet = context.kubelet();
  if (!kubelet) throw new ApiError(500, 'InternalError', 'no node serves logs');
  const abort = new AbortController();
  res.on('close', () => {
    abort.abort();
  });
  const open = (): void => {
    if (!res.headersSent) {
      res.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
      res.flushHeaders();
    }
  };
  const result = await kubelet.logs(namespace, name, logOptions(query), {
    signal: abort.signal,
    write(chunk) {
      open();
      if (res.write(chunk)) return true;
      return once(res, 'drain', { signal: abort.signal }).then(
        () => undefined,
        () => undefined,
      );
    },
  });
  if (result.error && !res.headersSent) throw ofRefusal(result.error);
  open();
  res.end();
}

function logOptions(query: URLSearchParams): LogOptions {
  const is = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
  const container = query.get('container');
  const sinceTime = query.get('sinceTime');
  const options: LogOptions = { follow: is('follow') };
  if (container) options.container = container;
  if (sinceTime) options.sinceTime = sinceTime;
  for (const key of ['sinceSeconds', 'tailLines', 'limitBytes'] as const) {
    const value = numberOf(query, key);
    if (value !== undefined) options[key] = value;
  }
  if (is('previous')) options.previous = true;
  if (is('timestamps')) options.timestamps = true;
  return options;
}

/** Query parameters of an attach. */
export function attachOptions(query: URLSearchParams): AttachOptions {
  const is = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
  const container = query.get('container');
  return {
    stdin: is('stdin'),
    stdout: is('stdout'),
    stderr: is('stderr'),
    tty: is('tty'),
    ...(container ? { container } : {}),
  };
}

async function serveEviction(context: ServerContext, request: ResourceRequest): Promise<void> {
  const { req, res, query, resource, namespace, name = '' } = request;
  const body = parseObject(await readBody(req), mediaType(req), 'Eviction');
  const current = context.api.storage.get('pods', namespace, name);
  if (!current) throw notFound('pods', '', name);
  const options = deleteOptions(isObject(body) ? body['deleteOptions'] : undefined, query);
  if (options.dryRun !== true) {
    const phase = (current['status'] as { phase?: string } | undefined)?.phase;
    if (phase !== 'Succeeded' && phase !== 'Failed') markDisrupted(context, namespace, name);
    const marked = context.api.storage.get('pods', namespace, name);
    if (marked) deleteObject(context.api, resource, marked, options);
  }
  sendJson(res, 201, success());
}

/** The condition by which a pod shows that it was evicted and did not end by itself. */
function markDisrupted(context: ServerContext, namespace: string | undefined, name: string): void {
  const time = new Date(context.api.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  context.api.storage.modify('pods', namespace, name, (pod) => {
    const status = (pod['status'] ?? {}) as { conditions?: { type: string }[] };
    const conditions = (status.conditions ?? []).filter((condition) => condition.type !== 'DisruptionTarget');
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastProbeTime: null,
      lastTransitionTime: time,
    };
    return { ...pod, status: { ...status, conditions: [...conditions, condition] } };
  });
}

async function serveBinding(context: ServerContext, request: ResourceRequest): Promise<void> {
  const { req, res, namespace, name = '' } = request;
  requirePod(context, request);
  const body = parseObject(await readBody(req), mediaType(req), 'Binding');
  const node = isObject(body) && isObject(body['target']) ? body['target']['name'] : undefined;
  if (typeof node !== 'string' || node === '') throw badRequest('target.name: Required value');
  context.api.storage.modify('pods', namespace, name, (pod) => {
    const spec = pod['spec'] as { nodeName?: string };
    if (spec.nodeName) {
      throw new ApiError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on pods/binding "${name}": pod ${name} is already assigned to node "${spec.nodeName}"`,
      );
    }
    return { ...pod, spec: { ...spec, nodeName: node } };
  });
  sendJson(res, 201, success());
}
