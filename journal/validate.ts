import { Buffer } from 'node:buffer';
import { losslessParse } from './lossless.ts';
import type { AnswerEntry, EndEntry, Entry, ErrorEntry, Frame, PerStream, ResultEntry, StreamName } from './types.ts';

/** A JSON object that is no entry; the message names the field. */
export class Malformed extends Error {
  override name = 'Malformed';
}

export type Fields = Record<string, unknown>;

const HEX = { nonce: /^[0-9a-f]{32}$/, sha256: /^[0-9a-f]{64}$/, commit: /^[0-9a-f]{40}([0-9a-f]{24})?$/ };
const PHASES = ['env', 'load', 'init', 'main', 'args'] as const;
const STATES = ['IDLE', 'PREP_ENV', 'LOADING', 'INITIALISING', 'READY', 'RUNNING', 'STOPPING'] as const;
const VERDICTS = ['COMPLETE', 'FAILED', 'STOPPED'] as const;
const STREAMS = ['stdout', 'stderr'] as const;

/**
 * An entry of the kinds of docs/protocol.md section 3 but `part`, from the fields of its line. Fields it does not know are left out, so that a
 * newer runner may add some. `source` is the JSON text they came from: numbers of `event` and `result` are read from it again, without loss.
 * Throws Malformed.
 */
export function toEntry(fields: Fields, n: number, t: number, source: string): Entry {
  const entry = ofKind(fields, n, t, source);
  return fields.truncated === true ? { ...entry, truncated: true } : entry;
}

function ofKind(o: Fields, n: number, t: number, source: string): Entry {
  switch (o.k) {
    case 'out':
      return { n, t, k: 'out', s: stream(o), data: bytes(o) };
    case 'hello':
      return {
        n,
        t,
        k: 'hello',
        v: count(o, 'v', 0), // which versions are spoken is not decided here
        nonce: matching(o, 'nonce', HEX.nonce),
        python: text(o, 'python'),
        undumpable: flag(o, 'undumpable'),
        pid: count(o, 'pid', 1),
      };
    case 'answer':
      return answer(o, n, t);
    case 'state':
      return {
        n,
        t,
        k: 'state',
        state: oneOf(o, 'state', STATES),
        ...('reason' in o ? { reason: text(o, 'reason') } : {}),
      };
    case 'source':
      return {
        n,
        t,
        k: 'source',
        sha256: matching(o, 'sha256', HEX.sha256),
        ...('commit' in o ? { commit: matching(o, 'commit', HEX.commit) } : {}),
      };
    case 'gap':
      return { n, t, k: 'gap', s: stream(o), bytes: count(o, 'bytes', 0) };
    case 'event':
      return { n, t, k: 'event', topic: text(o, 'topic'), fields: object(losslessly(o, 'fields', source), 'fields') };
    case 'error':
      return error(o, n, t);
    case 'result':
      return result(o, n, t, source);
    case 'progress':
      return { n, t, k: 'progress', fraction: fraction(o), message: textOrNull(o, 'message') };
    case 'tick':
      return { n, t, k: 'tick' };
    case 'end':
      return end(o, n, t);
    default:
      throw new Malformed('unknown kind');
  }
}

function answer(o: Fields, n: number, t: number): AnswerEntry {
  if (!Array.isArray(o.to) || o.to.length !== 2) throw new Malformed('to is no pair');
  const [session, seq] = o.to as [unknown, unknown];
  return {
    n,
    t,
    k: 'answer',
    to: [integer(session, 'to', 0), integer(seq, 'to', 0)],
    m: text(o, 'm'),
    ok: flag(o, 'ok'),
    ...('code' in o ? { code: text(o, 'code') } : {}),
    ...('message' in o ? { message: text(o, 'message') } : {}),
    ...('highest' in o ? { highest: count(o, 'highest', 0) } : {}),
    ...('from' in o ? { from: count(o, 'from', 0) } : {}),
    ...('damaged' in o ? { damaged: count(o, 'damaged', 0) } : {}),
  };
}

function error(o: Fields, n: number, t: number): ErrorEntry {
  return {
    n,
    t,
    k: 'error',
    phase: oneOf(o, 'phase', PHASES),
    type: text(o, 'type'),
    message: text(o, 'message'),
    stackTrace: text(o, 'stackTrace'),
    frames: list(o, 'frames').map((each): Frame => ({
      file: text(each, 'file'),
      line: count(each, 'line', 0),
      function: text(each, 'function'),
      source: textOrNull(each, 'source'),
    })),
    causes: list(o, 'causes').map((each) => ({ type: text(each, 'type'), message: text(each, 'message') })),
  };
}

function result(o: Fields, n: number, t: number, source: string): ResultEntry {
  if ('value' in o === 'repr' in o) throw new Malformed('result has not one of value and repr');
  return 'value' in o
    ? { n, t, k: 'result', value: losslessly(o, 'value', source) }
    : { n, t, k: 'result', repr: text(o, 'repr') };
}

function end(o: Fields, n: number, t: number): EndEntry {
  return {
    n,
    t,
    k: 'end',
    state: oneOf(o, 'state', VERDICTS),
    reason: text(o, 'reason'),
    message: textOrNull(o, 'message'),
    exitCode: o.exitCode === null ? null : count(o, 'exitCode', 0),
    signal: o.signal === null ? null : count(o, 'signal', 1),
    entries: count(o, 'entries', 1),
    bytes: perStream(o, 'bytes', (each, name) => count(each, name, 0)),
    kept: perStream(o, 'kept', (each, name) => count(each, name, 0)),
    sha256: perStream(o, 'sha256', (each, name) => matching(each, name, HEX.sha256)),
  };
}

function bytes(o: Fields): Buffer {
  const { d, b } = o;
  if (typeof d === 'string' && b === undefined) {
    if (!d.isWellFormed()) throw new Malformed('d has half a surrogate pair');
    return Buffer.from(d);
  }
  if (typeof b !== 'string' || d !== undefined) throw new Malformed('out has not one of d and b');
  const data = Buffer.from(b, 'base64');
  if (data.toString('base64') !== b) throw new Malformed('b is no base64');
  return data;
}

function stream(o: Fields): StreamName {
  return oneOf(o, 's', STREAMS);
}

function perStream<T>(o: Fields, key: string, read: (each: Fields, name: StreamName) => T): PerStream<T> {
  const each = object(o[key], key);
  return { stdout: read(each, 'stdout'), stderr: read(each, 'stderr') };
}

function losslessly(o: Fields, key: string, source: string): unknown {
  if (!(key in o)) throw new Malformed(`no ${key}`);
  return (losslessParse(source) as Fields)[key];
}

function object(value: unknown, key: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(`${key} is no object`);
  return value as Fields;
}

function list(o: Fields, key: string): Fields[] {
  const value = o[key];
  if (!Array.isArray(value)) throw new Malformed(`${key} is no list`);
  return value.map((each) => object(each, key));
}

function text(o: Fields, key: string): string {
  const value = o[key];
  if (typeof value !== 'string') throw new Malformed(`${key} is no text`);
  return value;
}

function textOrNull(o: Fields, key: string): string | null {
  return o[key] === null || o[key] === undefined ? null : text(o, key);
}

function matching(o: Fields, key: string, pattern: RegExp): string {
  const value = text(o, key);
  if (!pattern.test(value)) throw new Malformed(`${key} is not of the form ${pattern.source}`);
  return value;
}

function oneOf<T extends string>(o: Fields, key: string, values: readonly T[]): T {
  const value = values.find((each) => each === o[key]);
  if (value === undefined) throw new Malformed(`${key} is none of ${values.join(' ')}`);
  return value;
}

function flag(o: Fields, key: string): boolean {
  const value = o[key];
  if (typeof value !== 'boolean') throw new Malformed(`${key} is neither true nor false`);
  return value;
}

function fraction(o: Fields): number | null {
  const value = o.fraction;
  if (value === null) return null;
  if (typeof value !== 'number' || value < 0 || value > 1) throw new Malformed('fraction is not from 0 to 1');
  return value;
}

function count(o: Fields, key: string, least: number): number {
  return integer(o[key], key, least);
}

/** A whole number that JavaScript holds exactly. Throws Malformed. */
export function integer(value: unknown, key: string, least: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new Malformed(`${key} is no integer from ${least}`);
  return value as number;
}
