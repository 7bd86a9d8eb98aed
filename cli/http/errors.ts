import { CliError } from '../errors.ts';
import { exitForStatus } from '../exit-codes.ts';
import { parseJson } from '../values/json.ts';
import { asText, member, type Value } from '../values/value.ts';
import type { Answer } from './transport.ts';

const MAX_TEXT = 500;

/** The error that an answer without success is: what the API says in `detail`, in words. */
export function answerError(answer: Answer, what: string): CliError {
  const detail = detailOf(answer.text);
  return new CliError(
    exitForStatus(answer.status),
    detail ?? `${what}: the server answered ${answer.status}${firstLine(answer.text)}`,
  );
}

function detailOf(text: string): string | undefined {
  let body: Value;
  try {
    body = parseJson(text);
  } catch {
    // A proxy's page, not the API's answer: the status and its first line are shown instead.
    return undefined;
  }
  const detail = member(body, 'detail');
  if (Array.isArray(detail) && detail.length > 0) return detail.map(validationText).join('\n');
  return asText(detail) ?? asText(member(detail, 'Message')) ?? asText(member(detail, 'message'));
}

/** One of FastAPI's validation errors: `script.filesystem: Value error, …`. */
function validationText(error: Value): string {
  const loc = member(error, 'loc');
  const place = Array.isArray(loc)
    ? loc
        .filter((part) => part !== 'body')
        .map((part) => (typeof part === 'string' || typeof part === 'bigint' ? String(part) : '?'))
        .join('.')
    : '';
  const message = asText(member(error, 'msg')) ?? 'invalid';
  return place === '' ? message : `${place}: ${message}`;
}

/** The first line that says something; of a web page its title or its first words. */
function firstLine(text: string): string {
  const page = /^\s*<(?:!doctype|html|\?xml)/i.test(text) ? pageText(text) : text;
  const line = page.split('\n').find((candidate) => candidate.trim() !== '');
  return line === undefined ? '' : `: ${line.trim().slice(0, MAX_TEXT)}`;
}

function pageText(page: string): string {
  const title = /<title[^>]*>([^<]*\S[^<]*)<\/title>/i.exec(page)?.[1];
  return title?.replace(/\s+/g, ' ') ?? page.replace(/<(style|script)\b[^]*?<\/\1>|<[^>]*>/gi, '');
}
