import { Router } from 'express';
import type { Metrics } from './metrics.ts';

/** What readiness hangs on; each gives a reason why not, or undefined. */
export type ReadinessCheck = () => string | undefined;

/** `/healthz` (the process answers), `/readyz` (it can serve), `/metrics`. */
export function healthRoutes(checks: Readonly<Record<string, ReadinessCheck>>, { registry }: Metrics): Router {
  const router = Router({ caseSensitive: true });
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', (_request, response) => {
    const reasons = Object.entries(checks).map(([name, check]) => [name, check()] as const);
    const failing = reasons.filter(([, reason]) => reason !== undefined);
    if (failing.length === 0) response.json({ status: 'ok' });
    else response.status(503).json({ detail: failing.map(([name, reason]) => `${name}: ${reason ?? ''}`).join('; ') });
  });
  router.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  return router;
}
