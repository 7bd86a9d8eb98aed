import type { RequestListener } from 'node:http';

/** Answers until the server can: alive for those who would restart it, 503 for everybody else. */
export const starting: RequestListener = (request, response) => {
  const alive = request.url === '/healthz';
  response.writeHead(alive ? 200 : 503, { 'Content-Type': 'application/json', ...(!alive && { 'Retry-After': '1' }) });
  response.end(
    JSON.stringify(alive ? { status: 'ok' } : { detail: 'The server is starting: its store is not open yet' }),
  );
};
