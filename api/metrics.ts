import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the API counts. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts and times every answer, by route (never by path: ids would make a series each). */
  readonly middleware: RequestHandler;
  readonly outputSent: (bytes: number) => void;
}

/** Metrics of one process. `listeners` and `procedures` are read when somebody scrapes. */
export function createMetrics(read: { readonly listeners: () => number; readonly procedures: () => number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'oet_http_request_duration_seconds',
    help: 'Time to the end of the answer, by method, route and status. Streams are left out.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [registry],
  });
  const output = new Counter({
    name: 'oet_output_sent_bytes_total',
    help: 'Output sent to clients.',
    registers: [registry],
  });
  new Gauge({
    name: 'oet_stream_listeners',
    help: 'Clients of GET /stream.',
    registers: [registry],
    collect() {
      this.set(read.listeners());
    },
  });
  new Gauge({
    name: 'oet_procedures',
    help: 'Procedures in the namespace that have an id.',
    registers: [registry],
    collect() {
      this.set(read.procedures());
    },
  });
  return {
    registry,
    outputSent: (bytes) => output.inc(bytes),
    middleware: (request, response, next) => {
      const begin = performance.now();
      response.once('finish', () => {
        const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
        if (route === '/stream' || request.query['follow'] !== undefined) return;
        const labels = { method: request.method, route, status: String(response.statusCode) };
        seconds.observe(labels, (performance.now() - begin) / 1000);
      });
      next();
    },
  };
}
