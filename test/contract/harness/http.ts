import http from 'node:http';
import https from 'node:https';
import type { Kube } from '../../../kube/index.ts';

/** One answer as it came, errors included. */
export interface Answer {
  code: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The body as JSON; undefined where it is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- cases look at whatever a server sends
  json: any;
}

/** What a request can carry beside its body. */
export interface HttpOptions {
  query?: Record<string, string | number | boolean> | undefined;
  headers?: Record<string, string> | undefined;
  /** Content-Type of the body; default JSON, a merge patch for PATCH. */
  type?: string | undefined;
  /** A bearer token in place of the kubeconfig's credentials; '' for none at all. */
  token?: string | undefined;
}

/** A request that is under way, or whose body is still to be read. */
export interface OpenAnswer {
  code: number;
  headers: http.IncomingHttpHeaders;
  body: http.IncomingMessage;
}

/** Requests with the credentials of a kubeconfig that hide nothing of the answer: kube/ turns errors into its own. */
export interface Http {
  /** One request. `body` as text goes as it is. */
  call(method: string, path: string, body?: unknown, options?: HttpOptions): Promise<Answer>;
  /** The same; throws where the answer is no 2xx, for what a case needs and does not test. */
  must(method: string, path: string, body?: unknown, options?: HttpOptions): Promise<Answer['json']>;
  /** The same; the body is not read. */
  open(method: string, path: string, body?: unknown, options?: HttpOptions): Promise<OpenAnswer>;
  close(): void;
}

/** Opens nothing yet; connections come with the requests. */
export function httpOver(kube: Kube): Http {
  const agentOptions = { keepAlive: true, maxSockets: Infinity };
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) };

  async function open(method: string, path: string, body?: unknown, options: HttpOptions = {}): Promise<OpenAnswer> {
    const { headers, tls } = await kube.wsOptions();
    const url = new URL(kube.server + path);
    for (const [key, value] of Object.entries(options.query ?? {})) url.searchParams.set(key, String(value));
    const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
    const own = options.token === undefined;
    const { cert: _cert, key: _key, ...anonymous } = tls;
    const type = options.type ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    const payload =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const bearer = options.token ? { authorization: `Bearer ${options.token}` } : {};
    return new Promise((resolve, reject) => {
      const request = (protocol === 'http:' ? http : https).request(url, {
        method,
        // A connection that was made with a client certificate keeps its user.
        agent: own ? agents[protocol] : new https.Agent(),
        ...(own ? tls : anonymous),
        headers: {
          ...(own ? headers : bearer),
          accept: 'application/json, */*',
          // The length is named because Node frames a DELETE's body in no way else.
          ...(payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
          ...options.headers,
        },
      });
      request.on('response', (response) =>
        resolve({ code: response.statusCode ?? 0, headers: response.headers, body: response }),
      );
      request.on('error', reject);
      request.end(payload);
    });
  }

  async function call(method: string, path: string, body?: unknown, options?: HttpOptions): Promise<Answer> {
    const answer = await open(method, path, body, options);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    return { code: answer.code, headers: answer.headers, text, json: parse(text) };
  }

  return {
    open,
    call,
    async must(method, path, body, options) {
      const answer = await call(method, path, body, options);
      if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${answer.text.slice(0, 500)}`);
      return answer.json;
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // logs and some refusals are plain text
  }
}
