import type { IncomingMessage } from 'node:http';
import { load } from 'js-yaml';
import { duplicateFields } from '../duplicates.ts';
import { parseJson } from '../json.ts';
import { ApiError, badRequest, unsupportedMediaType } from '../errors.ts';
import { requireBounded } from '../shape.ts';
import { decodeProtobuf, PROTOBUF } from '../protobuf/decode.ts';

/** As much as a real server takes. */
const MOST_BYTES = 3 * 1024 * 1024;

/** Reads a body whole; throws 413 above 3 MiB. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    if (bytes > MOST_BYTES) {
      throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MOST_BYTES}`);
    }
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}

/** The media type of a body, without parameters. */
export function mediaType(req: IncomingMessage): string {
  return (req.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}

/** Decodes an object sent with POST, PUT or DELETE. Throws 400 and 415. */
export function parseObject(body: Buffer, type: string, kind: string): unknown {
  if (type === PROTOBUF) return decodeProtobuf(body);
  if (type !== '' && type !== 'application/json' && type !== 'application/yaml') {
    throw unsupportedMediaType(['application/json', 'application/yaml', PROTOBUF]);
  }
  const text = body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = type === 'application/yaml' ? load(text) : parseJson(text);
  } catch (error) {
    const why = jsonError(text, error);
    const head = `${text.slice(0, 30)}${text.length > 30 ? ' ...' : ''}`;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${head})`,
    );
  }
  requireBounded(parsed);
  return parsed;
}

/** Warnings about keys that a JSON body gives twice. */
export function duplicateWarnings(body: Buffer, type: string): string[] {
  if (type !== '' && type !== 'application/json') return [];
  return duplicateFields(body.toString('utf8')).map((path) => `duplicate field "${path}"`);
}

/** Decodes a patch. Throws 400. */
export function parsePatch(body: Buffer): unknown {
  const text = body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${jsonError(text, error)}`);
  }
  requireBounded(parsed);
  return parsed;
}

function jsonError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = /at position (\d+)/.exec(message)?.[1];
  if (message.includes('end of JSON input') || (position !== undefined && Number(position) >= text.trimEnd().length)) {
    return 'unexpected end of JSON input';
  }
  return message;
}
