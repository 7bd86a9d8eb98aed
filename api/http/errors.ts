import type { ErrorRequestHandler, RequestHandler } from 'express';
import { Unavailable } from '../../journal/errors.ts';
import { ApiError, apiError, ofStatus } from '../errors.ts';
import type { Logger } from '../ports.ts';
import { MAX_BODY } from './body.ts';

/** The end of every route table: 404, or 405 with `Allow` where the path exists for other methods. */
export const notFound: RequestHandler = () => {
  throw apiError('not-found');
};

/** For the `all` of a path, after its methods. */
export function methodNotAllowed(...methods: readonly string[]): RequestHandler {
  const headers = { Allow: methods.join(', ') };
  return () => {
    throw apiError('method-not-allowed', [], { headers });
  };
}

/** Answers what handlers throw: `{"detail": …}`, never a stack trace. What was sent halfway is cut, so that it shows. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express knows error handlers by their four parameters.
  return (thrown: unknown, request, response, _next) => {
    const error = toApiError(thrown);
    const log = { code: error.code, status: error.status, method: request.method, url: request.originalUrl };
    if (error.status >= 500) logger.error({ ...log, err: thrown }, 'request failed');
    else logger.debug({ ...log, detail: error.detail }, 'request refused');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.set(error.headers);
    response.status(error.status).json({ detail: error.detail });
  };
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof Unavailable)
    return apiError('no-store', [thrown.message], { cause: thrown, headers: { 'Retry-After': '1' } });
  const { status, type } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    status?: unknown;
    type?: unknown;
  };
  if (type === 'entity.too.large') return apiError('body-too-large', [MAX_BODY], { cause: thrown });
  if (type === 'encoding.unsupported') return apiError('unsupported-encoding', [], { cause: thrown });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    // A path that cannot be decoded, a body cut short, a broken gzip.
    return thrown instanceof Error
      ? new ApiError('http', status, thrown.message, { cause: thrown })
      : ofStatus(status, thrown);
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return apiError('internal', [text], { cause: thrown });
}
