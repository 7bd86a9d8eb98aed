/** /healthz: the process answers; /readyz: it leads and its watches are in step; /metrics. */
import { createServer, type Server } from 'node:http';
import type { OperatorMetrics } from './metrics.ts';

export interface Health {
  /** What keeps it from being ready, or undefined. */
  readonly notReady: () => string | undefined;
  readonly metrics: OperatorMetrics;
}

export function serveHealth(health: Health, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain'): void => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    switch (request.url) {
      case '/healthz':
        return answer(200, 'ok\n');
      case '/readyz': {
        const why = health.notReady();
        return why === undefined ? answer(200, 'ok\n') : answer(503, `${why}\n`);
      }
      case '/metrics': {
        const { metrics } = health;
        metrics.text().then(
          (text) => answer(200, text, metrics.registry.contentType),
          (error: unknown) => answer(500, `${String(error)}\n`),
        );
        return;
      }
      default:
        return answer(404, 'not found\n');
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
