import { STATUS_CODES } from 'node:http';
import type { Issue } from './requests/issues.ts';

interface Entry {
  readonly status: number;
  readonly detail: (...values: (string | number)[]) => string;
}

/**
 * Every error that the API answers with by itself: code (for logs and metrics), HTTP status, and the text of `detail`.
 * Texts of upstream's are kept word for word, since clients show them or look into them.
 */
const CATALOGUE = {
  'not-found': { status: 404, detail: () => 'Not Found' },
  'method-not-allowed': { status: 405, detail: () => 'Method Not Allowed' },
  'unknown-procedure': { status: 404, detail: (id) => `No information available for PID=${id}` },
  'not-ready': {
    status: 409,
    detail: (id, state) => `Cannot start procedure ${id}: its state is ${state}, only a READY procedure can be started`,
  },
  'already-started': {
    status: 409,
    detail: (id, state) => `Cannot start procedure ${id} in state ${state}: it has been started already`,
  },
  'being-stopped': {
    status: 409,
    detail: (id, state) => `Cannot start procedure ${id} in state ${state}: it is being stopped`,
  },
  'stop-timeout': {
    status: 504,
    detail: (id, state) => `Timeout waiting for script with ID ${id} to stop; its state is ${state}`,
  },
  'body-too-large': { status: 413, detail: (limit) => `The request's body is larger than ${limit} bytes` },
  'bad-encoding': { status: 400, detail: () => 'There was an error parsing the body' },
  'unsupported-encoding': {
    status: 415,
    detail: () => 'Content encodings gzip, deflate, br and identity are supported',
  },
  'invalid-object': { status: 422, detail: (message) => `Kubernetes refuses the procedure: ${message}` },
  forbidden: { status: 403, detail: (message) => `Kubernetes forbids it: ${message}` },
  overloaded: { status: 503, detail: (message) => `Kubernetes asks to try again later: ${message}` },
  'no-kubernetes': { status: 503, detail: (message) => `No answer from Kubernetes: ${message}` },
  'kubernetes-timeout': { status: 504, detail: () => 'Timeout waiting for Kubernetes' },
  'no-store': { status: 503, detail: (message) => `The store does not answer: ${message}` },
  'not-synced': { status: 503, detail: () => 'The server is starting: it has not read the procedures yet' },
  stopping: { status: 503, detail: () => 'The server is shutting down' },
  internal: { status: 500, detail: (message) => `${message}` },
} as const satisfies Record<string, Entry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof CATALOGUE;

/** An answer that is no success; thrown by handlers, sent by the error middleware. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** The `detail` of the answer: a text, or the list of a 422. */
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    status: number,
    detail: unknown,
    options: { cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(typeof detail === 'string' ? detail : code, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.headers = options.headers ?? {};
  }
}

/** The error of a code; `values` fill its text. */
export function apiError(
  code: ErrorCode,
  values: readonly (string | number)[] = [],
  options: { cause?: unknown; headers?: Record<string, string> } = {},
): ApiError {
  const entry: Entry = CATALOGUE[code];
  return new ApiError(code, entry.status, entry.detail(...values), options);
}

/** A request that does not validate: FastAPI's list as `detail`. */
export function invalid(issues: readonly Issue[]): ApiError {
  return new ApiError('invalid-request', 422, issues);
}

/** The error of an HTTP status that some library threw. */
export function ofStatus(status: number, cause: unknown): ApiError {
  return new ApiError('http', status, STATUS_CODES[status] ?? 'Error', { cause });
}
