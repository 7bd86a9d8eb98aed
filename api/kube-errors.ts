import { KubeError } from '../kube/errors.ts';
import { ApiError, apiError } from './errors.ts';

/** What a failed call to Kubernetes means to a client of ours. Everything else is passed on as it is. */
export function fromKube(error: unknown): unknown {
  if (!(error instanceof KubeError)) return error;
  const { message: text, status } = error;
  const options = { cause: error };
  if (status === 422) return apiError('invalid-object', [text], options);
  if (status === 403) return apiError('forbidden', [text], options);
  if (status === 429 || status === 503) {
    const headers = { 'Retry-After': String(error.retryAfterSeconds ?? 1) };
    return apiError('overloaded', [text], { ...options, headers });
  }
  if (error.code === 'timeout' || status === 504) return apiError('kubernetes-timeout', [], options);
  if (status === 0) return apiError('no-kubernetes', [text], options);
  return new ApiError('kubernetes', 500, text, options);
}
