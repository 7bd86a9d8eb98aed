import type { RequestHandler } from 'express';
import express from 'express';
import { apiError } from '../errors.ts';
import { JsonError, parseJson } from '../json/parse.ts';
import type { ParsedJson } from '../json/parse.ts';
import type { Issue } from '../requests/issues.ts';

/** Bytes of a request's body, after decompression. */
export const MAX_BODY = 1_048_576;

/** Reads the body as bytes, of whatever type: what it is taken for is for `readJson` to say. */
export function rawBody(): RequestHandler {
  return express.raw({ type: () => true, limit: MAX_BODY });
}

/** A body: JSON, or the issue that tells why it is none (undefined where the issue is that there is nothing). */
export function readJson(body: unknown, contentType: string | undefined, issues: Issue[]): ParsedJson | undefined {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  if (bytes.length === 0) {
    issues.push({ type: 'missing', loc: ['body'], msg: 'Field required', input: null });
    return undefined;
  }
  const text = decode(bytes);
  // FastAPI takes a body of another type for a text, and a text is no object.
  if (!isJson(contentType)) return { value: text, sourceOf: () => undefined };
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const ctx = { error: error.message };
    issues.push({ type: 'json_invalid', loc: ['body', error.position], msg: 'JSON decode error', input: {}, ctx });
    return undefined;
  }
}

/** JSON by its media type; a client that names none is taken to send JSON. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(contentType);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw apiError('bad-encoding', [], { cause: error });
  }
}
