import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { fixedCredentials } from '../auth.ts';
import { connectTo } from '../client.ts';
import type { Kube } from '../client.ts';
import type { Clock } from '../clock.ts';
import { FakeClock } from './fake-clock.ts';

/** A request as it came in. */
export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server on the loopback whose answers a test writes: the real thing below HTTP, so that connections can really break. */
export interface TestServer {
  readonly url: string;
  readonly kube: Kube;
  /** All requests so far, in order of their arrival. */
  readonly seen: Seen[];
  /** Connections accepted so far, and those open now. */
  readonly accepted: number;
  readonly open: number;
  /** The server itself, for upgrades. */
  readonly server: Server;
  close(): Promise<void>;
}

/** Nobody listens there: a port that was free a moment ago may be another test's by now. */
export const NOBODY = 'http://127.0.0.1:1';

/** What answers a request. It is given the number of the request, from 0. */
export type Answer = (request: Seen, response: ServerResponse, n: number) => void | Promise<void>;

/** A machine may stand still for longer than a server keeps a connection that nobody uses. */
const KEEP_ALIVE_MS = 3_600_000;

/**
 * Starts a server; `make` makes another kind than plain HTTP. Without a clock the limits of `kube`'s calls never pass: what a stall of the
 * machine would end is no fault of what is tested.
 */
export async function serve(
  answer: Answer,
  options: { clock?: Clock; make?: (listener: RequestListener) => Server; scheme?: string; token?: string } = {},
): Promise<TestServer> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const listener: RequestListener = (request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
      const body = Buffer.concat(chunks).toString('utf8');
      const { method = '', headers } = request;
      const entry = { method, path: pathname, query: searchParams, headers, body };
      await answer(entry, response, seen.push(entry) - 1);
    })().catch(() => response.destroy());
  };
  const server = Object.assign((options.make ?? createServer)(listener), { keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // tests break connections on purpose
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${options.scheme ?? 'http'}://127.0.0.1:${port}`;
  const headers: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const kube = connectTo(fixedCredentials(url, { headers }), { clock: options.clock ?? new FakeClock() });
  return {
    url,
    kube,
    seen,
    server,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    close: async () => {
      await kube.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Answers as the API server refuses. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  more: { details?: object; headers?: Record<string, string> } = {},
): void {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
    details: more.details,
  };
  json(response, status, code, more.headers);
}

/** The connection ends with a reset, not with a close. */
export function reset(response: ServerResponse): void {
  const { socket } = response;
  if (socket) socket.resetAndDestroy();
}
