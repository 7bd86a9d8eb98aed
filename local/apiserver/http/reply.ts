import type { IncomingMessage, ServerResponse } from 'node:http';
import { dump } from 'js-yaml';
import { statusOf, type ApiError } from '../errors.ts';

/** Writes a finished body. */
export function sendBody(
  res: ServerResponse,
  code: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string | string[]> = {},
): void {
  res.writeHead(code, {
    'content-type': contentType,
    'cache-control': 'no-cache, private',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  res.end(body);
}

/** Writes JSON text, as YAML where that was asked for. */
export function sendJson(
  res: ServerResponse,
  code: number,
  json: string,
  format: 'json' | 'yaml' = 'json',
  headers: Record<string, string | string[]> = {},
): void {
  if (format === 'yaml') sendBody(res, code, 'application/yaml', dump(JSON.parse(json), { sortKeys: true }), headers);
  else sendBody(res, code, 'application/json', `${json}\n`, headers);
}

/** Answers an error as a Status. */
export function sendStatus(req: IncomingMessage, res: ServerResponse, error: ApiError): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const headers: Record<string, string | string[]> = warningHeaders(error.warnings);
  if (error.details?.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.details.retryAfterSeconds);
  // an unread body would be taken for the next request
  if (!req.complete) headers['connection'] = 'close';
  const wantsYaml = /^application\/yaml\b/.test(req.headers.accept ?? '');
  sendJson(res, error.code, JSON.stringify(statusOf(error)), wantsYaml ? 'yaml' : 'json', headers);
}

/** `Warning` headers for texts. */
export function warningHeaders(warnings: string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((text) => `299 - "${text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}"`) };
}
