import type { Socket } from 'node:net';
import axios, { type AxiosRequestConfig } from 'axios';
import { CliError, messageOf, usageError } from '../errors.ts';
import type { Answer, Request, StreamedAnswer, Transport } from './transport.ts';

/** Longer than the 30 s after which the API itself answers 504. */
const TIMEOUT_MS = 60_000;
/** Streams send their headers at once. */
const HEADERS_MS = 30_000;
/** From this silence on the kernel asks once a second whether the other side is there; it gives up after ten. */
const KEEP_ALIVE_MS = 15_000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:']);

/**
 * HTTP through axios, which brings redirects and proxies (HTTP_PROXY, NO_PROXY; as with kubectl never for this machine itself).
 * Throws a usage error for a base URL that is no http(s) URL.
 */
export function axiosTransport(baseUrl: string, token: string | undefined): Transport {
  const base = readBaseUrl(baseUrl.trim());
  const shown = withoutPassword(base);
  const proxy = LOOPBACK.test(new URL(base).hostname) ? { proxy: false as const } : {};
  const headers: Record<string, string> = {
    'Accept-Encoding': 'identity',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };

  function configure(request: Request): AxiosRequestConfig {
    return {
      method: request.method,
      url: base + request.path,
      params: request.query,
      headers: {
        ...headers,
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      data: request.body,
      // The texts are read without loss elsewhere; axios would round their numbers.
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
      ...proxy,
      maxBodyLength: Infinity,
      maxContentLength: Infinity,
      decompress: false,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
  }

  return {
    baseUrl: shown,
    async request(request): Promise<Answer> {
      try {
        const answer = await axios.request<string>({
          ...configure(request),
          responseType: 'text',
          timeout: TIMEOUT_MS,
        });
        return { status: answer.status, text: answer.data };
      } catch (error) {
        throw unreachable(shown, error);
      }
    },
    async stream(request): Promise<StreamedAnswer> {
      const opening = new AbortController();
      const timer = setTimeout(() => opening.abort(), HEADERS_MS);
      try {
        const answer = await axios.request<Body>({
          ...configure(request),
          responseType: 'stream',
          timeout: 0,
          signal: AbortSignal.any([opening.signal, ...(request.signal === undefined ? [] : [request.signal])]),
        });
        // A silent stream of a host that is gone would never end.
        answer.data.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
        return {
          status: answer.status,
          type: String(answer.headers['content-type'] ?? ''),
          body: readBody(shown, answer.data),
          cancel: () => void answer.data.destroy(),
        };
      } catch (error) {
        if (opening.signal.aborted)
          throw new CliError('timeout', `no answer from ${shown} within ${HEADERS_MS / 1000} s`);
        throw unreachable(shown, error);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

interface Body extends AsyncIterable<Uint8Array> {
  readonly socket?: Socket;
  destroy(): unknown;
}

async function* readBody(base: string, body: Body): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new CliError('unreachable', `the connection to ${base} was cut: ${messageOf(error)}`, { cause: error });
  }
}

function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !PROTOCOLS.has(url.protocol)) {
    throw usageError(`the server's address '${text}' is no http:// or https:// URL (--server-url or OET_URL)`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw usageError(
      `the server's address '${withoutPassword(text)}' ends in a query or fragment (--server-url or OET_URL)`,
    );
  }
  return text.replace(/\/+$/, '');
}

/** An address as it may be shown. */
function withoutPassword(url: string): string {
  return url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1…@');
}

function unreachable(base: string, error: unknown): CliError {
  const code = axios.isAxiosError(error) ? error.code : undefined;
  const text = explain(error instanceof Error && error.message !== '' ? error.message : (code ?? String(error)));
  const exit = code === 'ECONNABORTED' || code === 'ETIMEDOUT' ? 'timeout' : 'unreachable';
  return new CliError(exit, `no answer from ${base}: ${text}`, { cause: error });
}

/** OpenSSL's own words are for nobody. */
function explain(text: string): string {
  if (/wrong version number|packet length too long/.test(text))
    return 'it does not speak TLS (http:// in place of https://?)';
  if (/unable to verify|self-signed|unable to get (?:local )?issuer/.test(text)) {
    return `${text.split(';')[0] ?? text}; NODE_EXTRA_CA_CERTS=FILE names a certificate authority to trust`;
  }
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
