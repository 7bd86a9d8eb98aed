/** Part of a Status: what the failure is about. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  retryAfterSeconds?: number;
  causes?: { reason?: string; message?: string; field?: string }[];
}

/** The API server's answer to what it refuses (meta/v1 Status). */
export interface Status {
  kind: 'Status';
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: StatusDetails;
}

interface KubeErrorFields {
  status: number;
  reason?: string | undefined;
  code?: string | undefined;
  details?: StatusDetails | undefined;
  retryAfterSeconds?: number | undefined;
  request?: string | undefined;
  cause?: unknown;
}

/** A call to Kubernetes that failed. The message is the API server's own where there is one, fit for a user's eyes. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The Status' reason (`NotFound`, `Conflict` …), '' where there was none. */
  readonly reason: string;
  /** Without an answer: `aborted`, `timeout`, or the system's word (`ECONNREFUSED`, `UND_ERR_SOCKET` …); '' with one. */
  readonly code: string;
  readonly details?: StatusDetails;
  /** Seconds that the server wants to be left alone, from the header or the Status. */
  readonly retryAfterSeconds?: number;
  /** Method and path. */
  readonly request: string;

  constructor(message: string, fields: KubeErrorFields) {
    super(message, fields.cause === undefined ? {} : { cause: fields.cause });
    this.status = fields.status;
    this.reason = fields.reason ?? '';
    this.code = fields.code ?? '';
    this.request = fields.request ?? '';
    if (fields.details) this.details = fields.details;
    if (fields.retryAfterSeconds !== undefined) this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** The text as a Status, or nothing if it is something else (a proxy's page, plain text). */
function parseStatus(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: the caller shows the text itself
  }
}

/** Whether an object from the API is a Status. */
export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

/** The error for an answer that is no success. `retryAfter` is the header of that name. */
export function fromResponse(status: number, text: string, request: string, retryAfter?: string): KubeError {
  const body = parseStatus(text);
  const header = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const plain = text.trim().slice(0, 500);
  return new KubeError(body?.message ?? (plain || `${request}: HTTP ${status}`), {
    status,
    reason: body?.reason,
    details: body?.details,
    retryAfterSeconds: header ?? body?.details?.retryAfterSeconds,
    request,
  });
}

/** The error for a Status that came inside a stream (an ERROR event of a watch). */
export function fromStatus(status: Status, request: string): KubeError {
  return fromResponse(status.code ?? 500, JSON.stringify(status), request);
}

/** The error for a call that got no answer. */
export function fromFailure(cause: unknown, request: string, code?: string): KubeError {
  const word = code ?? codeOf(cause);
  return new KubeError(`${request}: ${textOf(cause, word)}`, { status: 0, code: word, request, cause });
}

/** The system's word for it, wherever in the chain of causes it stands. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if ('errors' in at && Array.isArray(at.errors)) at = at.errors[0] as unknown;
    else at = 'cause' in at ? at.cause : undefined;
  }
  return 'failed';
}

/** What an error says; one that has no message (several addresses that all refused) says its code. */
function textOf(error: unknown, code: string): string {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return typeof text === 'string' && text !== '' ? text : code;
}

const withStatus = (e: unknown, status: number): e is KubeError => e instanceof KubeError && e.status === status;

/** 404: the object, its namespace or its kind does not exist. */
export const isNotFound = (e: unknown): e is KubeError => withStatus(e, 404);
/** 409 of a write against an object that has changed since it was read. */
export const isConflict = (e: unknown): e is KubeError => withStatus(e, 409) && e.reason !== 'AlreadyExists';
/** 409 of a create whose name is taken. */
export const isAlreadyExists = (e: unknown): e is KubeError => withStatus(e, 409) && e.reason === 'AlreadyExists';
/** 410: a resourceVersion or a continue token that the server no longer has. */
export const isGone = (e: unknown): e is KubeError =>
  withStatus(e, 410) || (e instanceof KubeError && e.reason === 'Expired');
/** 422: the object breaks its schema or a CEL rule; `details.causes` names the fields. */
export const isInvalid = (e: unknown): e is KubeError => withStatus(e, 422);
/** 403: no right to it, a quota, or a namespace that is going. */
export const isForbidden = (e: unknown): e is KubeError => withStatus(e, 403);
/** 429: the server sheds load, or an eviction would break a budget. */
export const isTooManyRequests = (e: unknown): e is KubeError => withStatus(e, 429);
/** The caller's own signal ended the call. */
export const isAborted = (e: unknown): e is KubeError => e instanceof KubeError && e.code === 'aborted';

const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

/**
 * Whether the same call may succeed later, unchanged. A write that failed so may have been carried out: with status 0
 * or 5xx, look before writing again. A conflict is not: the object has to be read again first.
 */
export const isRetryable = (e: unknown): e is KubeError =>
  e instanceof KubeError && PASSING.has(e.status) && !isAborted(e);
