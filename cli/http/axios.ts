import axios, { type AxiosRequestConfig } from 'axios';
import { CliError, usageError } from '../errors.ts';
import type { Answer, Request, StreamedAnswer, Transport } from './transport.ts';

/** Longer than the 30 s after which the API itself answers 504. */
const TIMEOUT_MS = 60_000;
const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:']);

/**
 * HTTP through axios, which brings proxies (HTTP_PROXY, NO_PROXY) and redirects. Throws a usage error for a base URL that is
 * no http(s) URL.
 */
export function axiosTransport(baseUrl: string, token: string | undefined): Transport {
  const base = readBaseUrl(baseUrl);
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
      maxBodyLength: Infinity,
      maxContentLength: Infinity,
      decompress: false,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
  }

  return {
    baseUrl: base,
    async request(request): Promise<Answer> {
      try {
        const answer = await axios.request<string>({
          ...configure(request),
          responseType: 'text',
          timeout: TIMEOUT_MS,
        });
        return { status: answer.status, text: answer.data };
      } catch (error) {
        throw unreachable(base, error);
      }
    },
    async stream(request): Promise<StreamedAnswer> {
      try {
        const answer = await axios.request<AsyncIterable<Uint8Array>>({
          ...configure(request),
          responseType: 'stream',
          timeout: 0,
        });
        return { status: answer.status, body: answer.data };
      } catch (error) {
        throw unreachable(base, error);
      }
    },
  };
}

function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !PROTOCOLS.has(url.protocol)) {
    throw usageError(`the server's address '${text}' is no http:// or https:// URL (--server-url or OET_URL)`);
  }
  return text.replace(/\/+$/, '');
}

function unreachable(base: string, error: unknown): CliError {
  const code = axios.isAxiosError(error) ? error.code : undefined;
  const text = error instanceof Error && error.message !== '' ? error.message : (code ?? String(error));
  const exit = code === 'ECONNABORTED' || code === 'ETIMEDOUT' ? 'timeout' : 'unreachable';
  return new CliError(exit, `no answer from ${base}: ${text}`, { cause: error });
}
