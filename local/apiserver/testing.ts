/** What the tests of this folder share: a server on a free port, requests, watches, a clock to turn by hand. */
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Clock } from './clock.ts';
import type { KubeObject } from './objects.ts';
import { startApiServer, type ApiServer, type ApiServerOptions } from './server.ts';
import { makeCertificates } from './tls.ts';

const certificates = makeCertificates();

/** The administrator's token of test servers. */
const TOKEN = 'a-token-for-tests';

/** An answer: the HTTP status, its headers, and the body as JSON where it is some. */
interface Answer {
  code: number;
  headers: IncomingMessage['headers'];
  text: string;
  body: Record<string, unknown> & { metadata: KubeObject['metadata'] };
}

/** One event of a watch. */
interface WatchLine {
  type: string;
  object: KubeObject & { code?: number; reason?: string };
}

/** An open watch. */
interface TestWatch {
  /** The next event; rejects when the watch ends first or nothing comes for 5 s. */
  next(): Promise<WatchLine>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
  close(): void;
}

/** A server with helpers. */
export interface TestServer {
  server: ApiServer;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  watch(path: string, headers?: Record<string, string>): Promise<TestWatch>;
  close(): Promise<void>;
}

function send(
  server: ApiServer,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = httpsRequest(
      {
        host: '127.0.0.1',
        port: server.port,
        path,
        method,
        agent: false,
        ca: certificates.ca,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      },
      resolve,
    );
    req.on('error', reject);
    if (body === undefined) req.end();
    else req.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
}

async function readAll(res: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = (res.headers['content-type'] ?? '').startsWith('application/json');
  return {
    code: res.statusCode ?? 0,
    headers: res.headers,
    text,
    body: (isJson && text !== '' ? JSON.parse(text) : {}) as Answer['body'],
  };
}

function readWatch(res: IncomingMessage): TestWatch {
  const lines: WatchLine[] = [];
  const waiting: { resolve: (line: WatchLine) => void; reject: (error: Error) => void }[] = [];
  let rest = '';
  let isOver = false;
  res.setEncoding('utf8');
  res.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = JSON.parse(part) as WatchLine;
      const first = waiting.shift();
      if (first) first.resolve(line);
      else lines.push(line);
    }
  });
  const ended = new Promise<void>((resolve) => {
    res.on('close', () => {
      isOver = true;
      for (const each of waiting) each.reject(new Error('the watch has ended'));
      resolve();
    });
  });
  return {
    ended,
    next() {
      const line = lines.shift();
      if (line) return Promise.resolve(line);
      if (isOver) return Promise.reject(new Error('the watch has ended'));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error('nothing came for a minute'));
        }, 60_000);
        waiting.push({
          resolve: (each) => {
            clearTimeout(timer);
            resolve(each);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
      });
    },
    close: () => res.destroy(),
  };
}

/** Starts a server on a free port. */
export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const server = await startApiServer({ token: TOKEN, tls: certificates, ...options });
  return {
    server,
    call: async (method, path, body, headers = {}) => readAll(await send(server, method, path, body, headers)),
    async watch(path, headers = {}) {
      const res = await send(server, 'GET', path, undefined, headers);
      if (res.statusCode !== 200) throw new Error(`watch: ${res.statusCode ?? 0} ${(await readAll(res)).text}`);
      return readWatch(res);
    },
    close: () => server.close(),
  };
}

/** A clock that stands still until it is told. */
export interface FakeClock extends Clock {
  /** Runs what is due within so many milliseconds. */
  advance(ms: number): void;
}

/** A clock that begins at `start`. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers = timers.filter((each) => each !== due);
        now = due.at;
        due.run();
      }
      now = end;
    },
  };
}

/** Calls `f` until it gives something true, for at most a minute. */
export async function until<T>(
  what: string,
  f: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    const got = await f();
    if (got !== undefined && got !== false) return got;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited a minute for ${what}`);
}

/** A CustomResourceDefinition `things.lab.example.com` with some of everything. */
export const thingCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.lab.example.com' },
  spec: {
    group: 'lab.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing', shortNames: ['th'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.policy' }, { jsonPath: '.status.phase' }],
        additionalPrinterColumns: [
          { name: 'NUM', type: 'integer', jsonPath: '.spec.num' },
          { name: 'STARTED', type: 'date', jsonPath: '.status.started' },
          { name: 'PHASE', type: 'string', jsonPath: '.status.phase', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            'x-kubernetes-validations': [
              {
                rule: '!has(self.spec.sum) || self.spec.sum < 10',
                message: 'sum must be small',
                fieldPath: '.spec.sum',
              },
            ],
            properties: {
              spec: {
                type: 'object',
                required: ['policy'],
                properties: {
                  policy: { type: 'string', enum: ['Manual', 'Automatic'], default: 'Manual' },
                  num: { type: 'integer', format: 'int32', minimum: 1, maximum: 10 },
                  sum: { type: 'integer' },
                  txt: { type: 'string', maxLength: 5, minLength: 2, pattern: '^[a-z]+$' },
                  tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                  conds: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: {
                      type: 'object',
                      required: ['type'],
                      properties: { type: { type: 'string' }, v: { type: 'string' } },
                    },
                  },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  latch: {
                    type: 'object',
                    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'latch is write-once' }],
                    properties: { a: { type: 'string' } },
                  },
                },
              },
              status: {
                type: 'object',
                default: { observedGeneration: -1 },
                properties: {
                  observedGeneration: { type: 'integer' },
                  phase: { type: 'string' },
                  started: { type: 'string', format: 'date-time' },
                },
              },
            },
          },
        },
      },
    ],
  },
};

/** The collection of CustomResourceDefinitions. */
export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** The collection of things in namespace `default`. */
export const THINGS = '/apis/lab.example.com/v1/namespaces/default/things';

/** A thing. */
export function thing(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): unknown {
  return { apiVersion: 'lab.example.com/v1', kind: 'Thing', metadata: { name, ...metadata }, spec };
}

/** A server that serves things. */
export async function startThingServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const api = await startTestServer(options);
  const { code, text } = await api.call('POST', CRDS, thingCrd);
  if (code !== 201) throw new Error(`the CRD of things: ${code} ${text}`);
  return api;
}
