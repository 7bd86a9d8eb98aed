import { Router } from 'express';
import type { Request, Response } from 'express';
import { invalid } from '../errors.ts';
import { baseUrl } from '../http/base-url.ts';
import { rawBody, readJson } from '../http/body.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { ParsedJson } from '../json/parse.ts';
import type { Issue } from '../requests/issues.ts';
import { knownId, parseId } from '../requests/path-id.ts';
import { readChange, readCreate } from '../requests/procedures.ts';
import type { ChangeRequest } from '../requests/procedures.ts';
import type { Listeners } from '../stream/listeners.ts';
import { abortRequest } from './abort.ts';
import { announceCreate, announceList, announceStart, announceStop } from './announcements.ts';
import type { Announcer } from './announcer.ts';
import { idempotencyKey } from './idempotency.ts';
import type { KnownSources, ProcedureService } from './service.ts';
import { summarise } from './summary.ts';
import type { Summary } from './summary.ts';

/** What the routes work with. */
export interface ProcedureRoutePorts {
  readonly service: ProcedureService;
  readonly announcer: Announcer;
  readonly listeners: Listeners;
  /** Folder of the abort script, as scripts are named in URIs. */
  readonly scriptsLocation: string;
  /** Aborts at shutdown. */
  readonly shutdown: AbortSignal;
}

/** `/procedures` and `/procedures/{id}`. */
export function procedureRoutes(ports: ProcedureRoutePorts): Router {
  const { service, announcer, listeners } = ports;
  const router = Router({ caseSensitive: true });

  router
    .route('/procedures')
    .get(async (request, response) => {
      const summaries = await service.list();
      if (listeners.expected) announcer.announce(...announceList(undefined, summaries));
      response.json(summaries.map((summary) => shown(summary, request)));
    })
    .post(rawBody(), async (request, response) => {
      const wanted = parsed(request, readCreate);
      const key = idempotencyKey(request.get('Idempotency-Key'));
      announcer.announce(announceCreate(wanted));
      const summary = await service.create(wanted, key === undefined ? {} : { key });
      const body = shown(summary, request);
      response.status(201).location(body.uri).json(body);
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/procedures/:id')
    .get(async (request, response) => {
      const summary = await service.get(pathId(request));
      if (listeners.expected) announcer.announce(...announceList(summary.id, [summary]));
      response.json(shown(summary, request));
    })
    .put(rawBody(), async (request, response) => {
      const issues: Issue[] = [];
      const asked = parseId(request.params.id, issues);
      const change = parsed(request, readChange, issues);
      const id = knownId(asked);
      const sources = await service.sources(id);
      const { uid } = sources.procedure.metadata;
      if (listeners.expected) announcer.announce(...announceList(id, [summarise(sources)]));
      if (change.state === 'RUNNING') {
        announcer.announce(announceStart(id, uid, change.args.main));
        response.json(shown(await service.start(sources, change), request));
      } else if (change.state === 'STOPPED') {
        announcer.announce(announceStop(id, uid, change.abort));
        await stop(ports, sources, change, response);
      } else {
        response.json(shown(summarise(sources), request));
      }
    })
    .delete(async (request, response) => {
      await service.remove(pathId(request));
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'PUT', 'DELETE'));

  return router;
}

async function stop(
  { service, announcer, scriptsLocation, shutdown }: ProcedureRoutePorts,
  sources: KnownSources,
  { abort }: ChangeRequest,
  response: Response,
): Promise<void> {
  const { id } = summarise(sources);
  const { uid } = sources.procedure.metadata;
  if (!(await service.stop(sources, shutdown))) {
    response.json({ abort_message: `Cannot stop script with ID ${id}: Script is not running` });
    return;
  }
  const script = abort ? abortRequest(summarise(await service.record(id)), scriptsLocation) : undefined;
  if (script) {
    announcer.announce(announceCreate(script));
    // Several who stop the same procedure, or one who asks again, get one abort script.
    await service.create(script, { automatic: true, key: `abort:${uid}` });
  }
  const suffix = script ? ' and aborted subarray activity' : '';
  response.json({ abort_message: `Successfully stopped script with ID ${id}${suffix}` });
}

/** A summary as this client gets it; the order of the fields is upstream's. */
function shown({ id, ...rest }: Summary, request: Request): { id: number; uri: string } & Omit<Summary, 'id'> {
  return { id, uri: `${baseUrl(request)}/procedures/${id}`, ...rest };
}

/** The id in the path. Throws the 422, and the 404 of one that is too large. */
export function pathId(request: Request<{ id: string }>): number {
  const issues: Issue[] = [];
  const id = parseId(request.params.id, issues);
  if (issues.length > 0) throw invalid(issues);
  return knownId(id);
}

/** The body, read by `read`. Throws the 422 with these issues and its own; broken JSON is reported alone, as FastAPI does. */
function parsed<T>(
  request: Request<{ id: string }> | Request,
  read: (body: ParsedJson, issues: Issue[]) => T | null,
  issues: Issue[] = [],
): T {
  const own: Issue[] = [];
  const body = readJson(request.body, request.get('Content-Type'), own);
  if (own[0]?.type === 'json_invalid') throw invalid(own);
  const value = body && read(body, own);
  if (value === undefined || value === null || issues.length + own.length > 0) throw invalid([...issues, ...own]);
  return value;
}
