import { randomUUID } from 'node:crypto';
import express, { Router } from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import { apiError } from './errors.ts';
import { errorHandler, methodNotAllowed, notFound } from './http/errors.ts';
import { healthRoutes } from './health.ts';
import type { ReadinessCheck } from './health.ts';
import { createMetrics } from './metrics.ts';
import { openApiDocument } from './openapi/document.ts';
import { outputRoutes } from './output/routes.ts';
import type { ApiClock, Ids, Logger, ProcedureResource, Store } from './ports.ts';
import { Announcer } from './procedures/announcer.ts';
import type { Catalogue } from './procedures/catalogue.ts';
import { procedureRoutes } from './procedures/routes.ts';
import { ProcedureService } from './procedures/service.ts';
import type { StoreWatch } from './store-watch.ts';
import { Listeners } from './stream/listeners.ts';
import { streamRoutes } from './stream/routes.ts';
import { Tail } from './stream/tail.ts';

/** What the app is built from. */
export interface AppPorts {
  readonly config: {
    readonly namespace: string;
    readonly scriptsLocation: string;
    readonly historyLimit: number;
    readonly trustProxy: boolean | number | string;
    /** Whether events tell of GETs to those who listen; default true. */
    readonly announceReads?: boolean;
    /** Silence between heartbeats of event streams in ms; default 15 s. */
    readonly heartbeatMs?: number;
  };
  readonly resource: ProcedureResource;
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly storeWatch: StoreWatch;
  readonly ids: Ids;
  readonly clock: ApiClock;
  readonly logger: Logger;
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  /** Aborts at shutdown: streams end, waiting calls give up. */
  readonly shutdown: AbortSignal;
}

/** The app, and what has to be waited for when it ends. */
export interface App {
  readonly express: Express;
  /** Resolves when all events announced so far are in the store. */
  readonly flushed: () => Promise<void>;
}

/** Versions of the API that are served, all alike; `uri` keeps the one that was asked. */
const VERSION = /^v[1-7]$/;

/** Builds the app over its ports. Listens to nothing, reads no environment. */
export function buildApp(ports: AppPorts): App {
  const { config, catalogue, store, storeWatch, clock, logger, shutdown } = ports;
  const listeners = new Listeners(clock, config.announceReads ?? true);
  const announcer = new Announcer(store, config.namespace, logger);
  const tail = new Tail(store, catalogue, { namespace: config.namespace, watch: storeWatch, logger });
  const service = new ProcedureService({ ...ports, namespace: config.namespace, historyLimit: config.historyLimit });
  const metrics = createMetrics({ listeners: () => listeners.count, procedures: () => catalogue.list().length });

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(requestId(logger));
  app.use(securityHeaders());
  app.use(metrics.middleware);
  app.use(healthRoutes(ports.readiness, metrics));

  const api = Router({ caseSensitive: true });
  api.use(whenReady(ports.readiness));
  api.use(procedureRoutes({ service, announcer, listeners, shutdown, scriptsLocation: config.scriptsLocation }));
  api.use(outputRoutes({ service, catalogue, store, storeWatch, shutdown, sent: metrics.outputSent }));
  const beat = config.heartbeatMs === undefined ? {} : { heartbeatMs: config.heartbeatMs };
  api.use(streamRoutes({ tail, store, storeWatch, listeners, clock, shutdown, ...beat }));
  const document = (base: string): object => openApiDocument(base);
  api
    .route('/openapi.json')
    .get((request, response) => {
      response.json(document(request.baseUrl));
    })
    .all(methodNotAllowed('GET'));

  app.use(`/${config.namespace}/oet/api/:version`, (request, response, next) => {
    if (VERSION.test(request.params.version)) api(request, response, next);
    else next();
  });
  app.use(notFound);
  app.use(errorHandler(logger));
  return { express: app, flushed: () => announcer.flushed() };
}

/**
 * Helmet's, but for the two that would bind a whole host for a year to HTTPS: this is one path of a host that others share,
 * and plain HTTP is what its clients speak.
 */
function securityHeaders(): RequestHandler {
  return helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
  });
}

/** Gives every request an id, takes one that a proxy gave, and tells it to the client. */
function requestId(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Request-ID');
    const id = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    response.set('X-Request-ID', id);
    const begin = performance.now();
    response.once('close', () => {
      const ms = Math.round((performance.now() - begin) * 10) / 10;
      const { method, originalUrl: url } = request;
      const fields = { requestId: id, method, url, status: response.statusCode, ms };
      // Who changed what is worth a line; who looked is not.
      if (method === 'GET' || method === 'HEAD') logger.debug(fields, 'request');
      else logger.info(fields, 'request');
    });
    next();
  };
}

/** Before the first list nothing is known: an empty list or a 404 would be a lie. */
function whenReady(readiness: Readonly<Record<string, ReadinessCheck>>): RequestHandler {
  return (_request, _response, next) => {
    const reason = Object.values(readiness)
      .map((check) => check())
      .find((text) => text !== undefined);
    next(reason === undefined ? undefined : apiError('not-synced', [], { headers: { 'Retry-After': '1' } }));
  };
}
