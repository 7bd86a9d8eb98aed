import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { loadCredentials } from './auth.ts';
import type { ConfigChoice, CredentialSource, Credentials } from './auth.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { fromFailure, fromResponse, KubeError } from './errors.ts';
import { limit } from './limit.ts';

/** The verbs of the Kubernetes API. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** Parameters of a URL; undefined ones are left out. */
export type Query = Record<string, string | number | boolean | undefined>;

/** What a request can carry. */
export interface RequestOptions {
  query?: Query;
  /** An object goes as JSON, a string as it is. */
  body?: unknown;
  /** Default application/json; for PATCH application/merge-patch+json. */
  contentType?: string;
  signal?: AbortSignal | undefined;
  /** From the call to the last byte of the answer; default 10 s. */
  timeoutMs?: number;
  /** How a JSON body is read; default JSON.parse. For bodies whose numbers must not be rounded. */
  parse?: ((text: string) => unknown) | undefined;
}

/** What a streamed GET can carry. */
export interface StreamOptions {
  query?: Query;
  signal?: AbortSignal | undefined;
  /** From the call to the answer's headers; default 30 s, 0 for none. The body has no timeout: watch its silence. */
  timeoutMs?: number;
}

/** A streamed answer. Whoever does not read the body to its end destroys it. */
export interface StreamResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
}

/** What a WebSocket to the API server needs. */
export interface WsOptions extends Credentials {
  /** The server's URL with ws: or wss:, without a slash at the end. */
  url: string;
  /** For wss: opens connections that take up the last session again. */
  agent?: HttpsAgent;
}

/** A connection to one API server. */
export interface Kube {
  readonly server: string;
  /** Of the context or the service account; `default` else. */
  readonly namespace: string;
  /**
   * One request; the JSON body, or the text of another kind of body. Throws KubeError. A GET whose connection broke
   * is sent once more, and what is answered 401 once with fresh credentials; nothing else is ever sent twice.
   */
  request<T = unknown>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /** A GET whose body is read as it comes. Throws KubeError, also for a status other than 2xx. */
  stream(path: string, options?: StreamOptions): Promise<StreamResponse>;
  wsOptions(): Promise<WsOptions>;
  /** Ends all streams and waits for the calls under way. */
  close(): Promise<void>;
}

/** Connects to the cluster that the kubeconfig or the service account names; sends nothing yet. */
export async function connect(options: ConfigChoice & { userAgent?: string } = {}): Promise<Kube> {
  return new HttpKube(await loadCredentials(options), options.userAgent === undefined ? {} : options);
}

/** Connects with credentials of one's own. */
export function connectTo(source: CredentialSource, options: { userAgent?: string; clock?: Clock } = {}): Kube {
  return new HttpKube(source, options);
}

/** How long credentials are used before they are read again; a token file is renewed long before its token ends. */
const CREDENTIALS_MS = 30_000;
const CALL_MS = 10_000;
const HEADERS_MS = 30_000;
/** Idle connections; below the 60 s after which load balancers drop them silently. */
const KEEP_ALIVE_MS = 30_000;

/** Two pools: calls must never wait for a connection that a watch or a followed log holds for hours. */
interface Pools {
  credentials: Credentials;
  /** The TLS material as text. */
  id: string;
  calls: Agent;
  streams: Agent;
  /** Opens WebSockets; made when the first one is wanted. */
  sockets?: HttpsAgent;
}

class HttpKube implements Kube {
  readonly server: string;
  readonly namespace: string;
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #origin: string;
  readonly #base: string;
  #pools: Pools | undefined;
  #credentials: { value: Promise<Credentials>; at: number } | undefined;

  constructor(source: CredentialSource, options: { userAgent?: string; clock?: Clock }) {
    const url = new URL(source.server);
    this.server = source.server;
    this.namespace = source.namespace;
    this.#source = source;
    this.#clock = options.clock ?? systemClock;
    this.#userAgent = options.userAgent ?? 'oet';
    this.#origin = url.origin;
    this.#base = url.pathname.replace(/\/+$/, '');
  }

  async request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    try {
      return (await this.#once(method, path, options)) as T;
    } catch (error) {
      if (!(error instanceof KubeError) || options.signal?.aborted) throw error;
      // A kept-alive connection may be closed by the server at the moment we use it.
      const broken = error.status === 0 && method === 'GET' && error.code !== 'timeout';
      if (error.status === 401) this.#credentials = undefined;
      else if (!broken) throw error;
      return (await this.#once(method, path, options)) as T;
    }
  }

  async #once(method: Method, path: string, options: RequestOptions): Promise<unknown> {
    const what = `${method} ${path}`;
    const limits = limit(this.#clock, options.signal, options.timeoutMs ?? CALL_MS);
    try {
      const body =
        options.body === undefined || typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
      const type = options.contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
      const answer = await this.#dispatch('calls', method, path, options.query, limits.signal, body, type);
      const text = await answer.body.text();
      if (answer.statusCode >= 300)
        throw fromResponse(answer.statusCode, text, what, one(answer.headers['retry-after']));
      if (text === '' || !(one(answer.headers['content-type']) ?? '').includes('json'))
        return text === '' ? undefined : text;
      return options.parse ? options.parse(text) : (JSON.parse(text) as unknown);
    } catch (error) {
      throw error instanceof KubeError ? error : fromFailure(error, what, limits.why());
    } finally {
      limits.release();
    }
  }

  async stream(path: string, options: StreamOptions = {}): Promise<StreamResponse> {
    try {
      return await this.#streamOnce(path, options);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 401 || options.signal?.aborted) throw error;
      this.#credentials = undefined;
      return this.#streamOnce(path, options);
    }
  }

  async #streamOnce(path: string, options: StreamOptions): Promise<StreamResponse> {
    const what = `GET ${path}`;
    const limits = limit(this.#clock, options.signal, options.timeoutMs ?? HEADERS_MS);
    try {
      const answer = await this.#dispatch('streams', 'GET', path, options.query, limits.signal);
      const { statusCode: status, headers, body } = answer;
      if (status >= 300) throw fromResponse(status, await body.text(), what, one(headers['retry-after']));
      limits.disarm();
      // An abort between here and the first read must not be an uncaught 'error'; readers still see it.
      body.on('error', () => undefined);
      body.once('close', limits.release);
      return { status, headers, body };
    } catch (error) {
      limits.release();
      throw error instanceof KubeError ? error : fromFailure(error, what, limits.why());
    }
  }

  async wsOptions(): Promise<WsOptions> {
    const credentials = await this.#current();
    const url = this.server.replace(/^http/, 'ws');
    if (!url.startsWith('wss')) return { url, ...credentials };
    const pools = this.#pool(credentials);
    return { url, ...credentials, agent: (pools.sockets ??= socketsAgent(credentials.tls)) };
  }

  async close(): Promise<void> {
    const pools = this.#pools;
    this.#pools = undefined;
    if (pools) await Promise.all([pools.streams.destroy(), pools.calls.close()]);
  }

  async #dispatch(
    pool: 'calls' | 'streams',
    method: Method,
    path: string,
    query: Query | undefined,
    signal: AbortSignal,
    body?: string,
    contentType?: string,
  ): Promise<Dispatcher.ResponseData> {
    const credentials = await this.#current();
    signal.throwIfAborted();
    return this.#pool(credentials)[pool].request({
      origin: this.#origin,
      method,
      path: this.#base + path + search(query),
      headers: {
        ...credentials.headers,
        accept: 'application/json, */*',
        'user-agent': this.#userAgent,
        ...(body === undefined || contentType === undefined ? {} : { 'content-type': contentType }),
      },
      body: body ?? null,
      signal,
    });
  }

  #current(): Promise<Credentials> {
    const now = this.#clock.monotonic();
    if (!this.#credentials || now - this.#credentials.at > CREDENTIALS_MS) {
      const entry = { value: this.#source.read(), at: now };
      this.#credentials = entry;
      entry.value.catch(() => {
        if (this.#credentials === entry) this.#credentials = undefined; // a failed read is not kept
      });
    }
    return this.#credentials.value;
  }

  /** The pools for this TLS material; a renewed client certificate gets new ones, the old end when they are idle. */
  #pool(credentials: Credentials): Pools {
    const old = this.#pools;
    if (old?.credentials === credentials) return old;
    const { tls } = credentials;
    const id = JSON.stringify(tls);
    if (old?.id === id) return (this.#pools = { ...old, credentials });
    const common: Agent.Options = {
      allowH2: false, // one multiplexed connection would let a stalled log hold up everything else
      connect: { ...tls, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, timeout: CALL_MS },
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // every call has a limit of its own, which a test's clock can move
      bodyTimeout: 0,
    };
    this.#pools = { credentials, id, calls: new Agent({ ...common, connections: 32 }), streams: new Agent(common) };
    for (const agent of old ? [old.calls, old.streams] : []) agent.close().catch(() => undefined); // nobody waits for it
    return this.#pools;
  }
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

/**
 * A WebSocket has a connection of its own. The keys' part of a whole TLS handshake and its certificates cost the two ends some 8 ms of
 * processor time, which a session that is taken up again spares; reading the credentials once spares 4 more here.
 */
function socketsAgent(tls: Credentials['tls']): HttpsAgent {
  const { servername, rejectUnauthorized } = tls;
  return new HttpsAgent({
    secureContext: createSecureContext(tls),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  });
}

function search(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return text && `?${text}`;
}
