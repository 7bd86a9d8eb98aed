import type { Request } from 'express';

/** What may stand in a URL as host and port; anything else did not come from a client of ours. */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * The URL under which the client reached this version of the API, without a slash at the end. X-Forwarded-Host and
 * X-Forwarded-Proto count only from a trusted proxy (Express' `trust proxy`).
 */
export function baseUrl(request: Request): string {
  // Express leaves it undefined without a Host header, whatever its types say.
  const host = request.host as string | undefined;
  const safe = host !== undefined && HOST.test(host) ? host : 'localhost';
  return `${request.protocol}://${safe}${request.baseUrl}`;
}
