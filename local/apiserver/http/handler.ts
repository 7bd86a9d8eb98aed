import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, badRequest, noSuchResource } from '../errors.ts';
import { isObject } from '../objects.ts';
import { setKnobs, takeFaults, type Fault, type Knobs } from '../knobs.ts';
import { parseObject, readBody } from './body.ts';
import type { ServerContext } from './context.ts';
import { servePlain } from './plain.ts';
import { sendBody, sendJson, sendStatus } from './reply.ts';
import { locationOf, userOf } from './request.ts';
import { requestVerb, serveResource } from './resource.ts';
import { parseResourcePath } from './route.ts';
import { denied, type Attributes } from '../auth/rbac.ts';
import { MASTERS } from '../auth/users.ts';

/** Handles requests; never rejects. */
export function createHandler(
  context: ServerContext,
  knobs: Knobs,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    handle(context, knobs, req, res).catch((error: unknown) => {
      if (error instanceof ApiError) {
        sendStatus(req, res, error);
        return;
      }
      if (req.socket.destroyed) return; // the client broke off, and nobody is left to be told
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`apiserver: ${req.method ?? ''} ${req.url ?? ''}: ${message}\n`);
      sendStatus(
        req,
        res,
        new ApiError(500, 'InternalError', `Internal error occurred: ${message.split('\n')[0] ?? ''}`),
      );
    });
  };
}

async function handle(context: ServerContext, knobs: Knobs, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const user = userOf(context, req);
  const { path, query } = locationOf(req);
  const check = (attributes: Attributes): void => {
    if (!context.allowed(user, attributes)) throw denied(user, attributes);
  };
  if (path.startsWith('/-/knobs')) {
    if (!user.groups.includes(MASTERS)) throw denied(user, { verb: 'post', path });
    await serveKnobs(knobs, req, res, path);
    return;
  }
  const faults = takeFaults(knobs, req.method ?? '', req.url ?? '', Math.random);
  if (await misbehave(context, faults, req, res)) return;
  const found = parseResourcePath(path);
  if (!found) {
    check({ verb: (req.method ?? 'GET').toLowerCase(), path });
    if (!servePlain(context, req, res, path)) sendBody(res, 404, 'text/plain; charset=utf-8', '404 page not found\n');
    return;
  }
  const { group, version, resource: plural, ...rest } = found;
  check({ verb: requestVerb(req.method, query, rest.name), resource: plural, group, ...rest });
  const { registry } = context.api;
  const resource = registry.find(group, version, plural);
  if (!resource && registry.hasVersion(group, version)) throw noSuchResource();
  if (!resource || (rest.namespace !== undefined && !resource.namespaced)) {
    sendBody(res, 404, 'text/plain; charset=utf-8', '404 page not found\n');
    return;
  }
  await serveResource(context, { req, res, query, resource, user, ...rest });
}

/** Acts out faults; true if the request is answered (or cut) by them. */
async function misbehave(
  context: ServerContext,
  faults: Fault[],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'latency':
        await new Promise<void>((resolve) => setTimeout(resolve, fault.latencyMs ?? 0));
        break;
      case 'throttle':
        throw new ApiError(429, 'TooManyRequests', 'The apiserver is overloaded, please try again later.', {
          retryAfterSeconds: fault.retryAfterSeconds ?? 1,
        });
      case 'error':
        throw new ApiError(500, 'InternalError', 'Internal error occurred: a fault was asked for');
      case 'reset':
        req.socket.destroy();
        return true;
      case 'error-after':
        replaceAnswer(res, () => {
          sendStatus(req, res, new ApiError(500, 'InternalError', 'Internal error occurred: a fault was asked for'));
        });
        break;
      case 'reset-after':
        replaceAnswer(res, () => req.socket.destroy());
        break;
    }
  }
  return false;
}

/** Lets the request be handled, and answers otherwise at the moment when its answer would begin. */
function replaceAnswer(res: ServerResponse, answer: () => void): void {
  const writeHead = res.writeHead.bind(res);
  const end = res.end.bind(res);
  let replaced = false;
  res.writeHead = ((...args: Parameters<ServerResponse['writeHead']>) => {
    if (replaced) return writeHead(...args);
    replaced = true;
    res.end = ((): ServerResponse => {
      res.end = end;
      answer();
      return res;
    }) as ServerResponse['end'];
    return res;
  }) as ServerResponse['writeHead'];
}

async function serveKnobs(knobs: Knobs, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  const action = path.slice('/-/knobs'.length).replace(/^\//, '');
  if (req.method === 'POST') {
    const bytes = await readBody(req);
    const body = bytes.length === 0 ? {} : parseObject(bytes, 'application/json', 'Knobs');
    const given = isObject(body) ? body : {};
    if (action === 'drop-watches') knobs.dropWatches(given['clean'] === true);
    else if (action === 'expire-watches') knobs.expireWatches();
    else if (action === 'kill-pod') knobs.killPod(String(given['namespace']), String(given['name']));
    else if (action === '') {
      const wrong = setKnobs(knobs, given);
      if (wrong !== undefined) throw badRequest(wrong);
    } else throw badRequest(`no such action: ${action}`);
  } else if (req.method !== 'GET' || action !== '') {
    throw badRequest('GET shows the knobs, POST turns them');
  }
  const { faults, watchDelayMs, bookmarkMs, watchExpiredAs, namespaceDelayMs } = knobs;
  sendJson(res, 200, JSON.stringify({ faults, watchDelayMs, bookmarkMs, watchExpiredAs, namespaceDelayMs }));
}
