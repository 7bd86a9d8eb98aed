import fc from 'fast-check';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { EndEntry, Entry, StreamName } from '../types.ts';

/** An entry without its number. */
export type Unnumbered = Entry extends infer E ? (E extends Entry ? Omit<E, 'n'> : never) : never;

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const t = fc.nat({ max: 2 ** 45 });
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split(/(?=.)/)), minLength: length, maxLength: length });
const stream = fc.constantFrom<StreamName>('stdout', 'stderr');
const perStream = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<{ stdout: T; stderr: T }> =>
  fc.record({ stdout: each, stderr: each });
/** What JSON brings back as it was: no -0. */
const value = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 3 })
  .map((each): unknown => JSON.parse(JSON.stringify(each)));

/** Bytes of a script: text, or anything. */
const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }).map((each) => Buffer.from(each)),
  fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
);

const out = fc.record({ k: fc.constant('out' as const), t, s: stream, data: bytes });

/** Entries that may come in the middle of a run, in any order. */
export const middle: fc.Arbitrary<Unnumbered> = fc.oneof(
  { arbitrary: out, weight: 6 },
  fc.record({ k: fc.constant('state' as const), t, state: fc.constantFrom('IDLE', 'LOADING', 'READY', 'RUNNING') }),
  fc.record({ k: fc.constant('state' as const), t, state: fc.constant('STOPPING'), reason: text }),
  fc.record({ k: fc.constant('gap' as const), t, s: stream, bytes: fc.nat() }),
  fc.record(
    { k: fc.constant('source' as const), t, sha256: hex(64), commit: hex(40) },
    { requiredKeys: ['k', 't', 'sha256'] },
  ),
  fc.record({ k: fc.constant('event' as const), t, topic: text, fields: fc.dictionary(text, value) }),
  fc.record({ k: fc.constant('result' as const), t, value }),
  fc.record({ k: fc.constant('result' as const), t, repr: text }),
  fc.record({
    k: fc.constant('progress' as const),
    t,
    fraction: fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map((each) => each + 0)),
    message: fc.option(text),
  }),
  fc.record({ k: fc.constant('tick' as const), t }),
  fc.record({
    k: fc.constant('answer' as const),
    t,
    to: fc.tuple(fc.nat(), fc.nat()),
    m: text,
    ok: fc.boolean(),
  }),
  fc.record({
    k: fc.constant('error' as const),
    t,
    phase: fc.constantFrom('env', 'load', 'init', 'main', 'args'),
    type: text,
    message: text,
    stackTrace: text,
    frames: fc.array(fc.record({ file: text, line: fc.nat(), function: text, source: fc.option(text) }), {
      maxLength: 3,
    }),
    causes: fc.array(fc.record({ type: text, message: text }), { maxLength: 2 }),
  }),
);

/** Any entry but `part`. */
export const anything: fc.Arbitrary<Unnumbered> = fc.oneof(
  { arbitrary: middle, weight: 8 },
  fc.record({
    k: fc.constant('hello' as const),
    t,
    v: fc.constant(1),
    nonce: hex(32),
    python: text,
    undumpable: fc.boolean(),
    pid: fc.integer({ min: 1, max: 2 ** 22 }),
  }),
  fc.record({
    k: fc.constant('end' as const),
    t,
    state: fc.constantFrom('COMPLETE', 'FAILED', 'STOPPED'),
    reason: text,
    message: fc.option(text),
    exitCode: fc.option(fc.nat({ max: 255 })),
    signal: fc.option(fc.integer({ min: 1, max: 64 })),
    entries: fc.integer({ min: 1, max: 1000 }),
    bytes: perStream(fc.nat()),
    kept: perStream(fc.nat()),
    sha256: perStream(hex(64)),
  }),
);

/** Numbers entries from 1. */
export function numbered(entries: readonly Unnumbered[]): Entry[] {
  return entries.map((entry, index) => ({ ...entry, n: index + 1 }));
}

/** The bytes of a stream in these entries. */
export function outputOf(entries: readonly Entry[], s: StreamName): Buffer {
  return Buffer.concat(entries.map((entry) => (entry.k === 'out' && entry.s === s ? entry.data : Buffer.alloc(0))));
}

/** The `end` that a runner would write after these entries of a script that completed. */
export function endOf(entries: readonly Entry[]): EndEntry {
  const [stdout, stderr] = [outputOf(entries, 'stdout'), outputOf(entries, 'stderr')];
  const kept = { stdout: stdout.length, stderr: stderr.length };
  const sum = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  return {
    n: entries.length + 1,
    t: 1,
    k: 'end',
    state: 'COMPLETE',
    reason: 'Completed',
    message: null,
    exitCode: 0,
    signal: null,
    entries: entries.length + 1,
    bytes: kept,
    kept,
    sha256: { stdout: sum(stdout), stderr: sum(stderr) },
  };
}
