import { isObject } from '../json/raw.ts';

/** An event of GET /stream, before it is written for one client. */
export interface StreamEvent {
  readonly topic: string;
  /** Id of the procedure that it is about, if there is one. */
  readonly procedure: number | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Place of an event in the stream: row of the store, and its number among those that the row gives. */
export interface Place {
  readonly row: number;
  /** From 1; the last one's is Infinity, since with it the row is done. */
  readonly part: number;
}

/** The `id:` of an event: the row's alone for its last, `row.part` for those before. */
export function placeText({ row, part }: Place): string {
  return part === Infinity ? String(row) : `${row}.${part}`;
}

/** Reads an id back; undefined if it is none of ours. */
export function parsePlace(text: string): Place | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,3}))?$/.exec(text.trim());
  if (!match) return undefined;
  const row = Number(match[1]);
  if (!Number.isSafeInteger(row)) return undefined;
  return { row, part: match[2] === undefined ? Infinity : Number(match[2]) };
}

/** Marks the `uri` of summaries in stored events: which host a client uses is known only when it reads them. */
export const LOCAL_URI = 'oet:/procedures/';

/** Texts made already: an event goes to all listeners, and they come by few addresses. */
const texts = new WeakMap<StreamEvent, { readonly base: string; readonly text: string }>();

/** The text of the event's `data:` for a client that reached us under `base`. */
export function dataOf(event: StreamEvent, base: string): string {
  const known = texts.get(event);
  if (known?.base === base) return known.text;
  const text = textOf(event, base);
  texts.set(event, { base, text });
  return text;
}

function textOf({ topic, fields }: StreamEvent, base: string): string {
  // A script may publish a field that is called topic, too.
  const { topic: _, result, ...rest } = fields;
  if (result === undefined) return JSON.stringify({ topic, ...rest });
  const shown = Array.isArray(result) ? result.map((item) => withUri(item, base)) : withUri(result, base);
  return JSON.stringify({ topic, ...rest, result: shown });
}

function withUri(value: unknown, base: string): unknown {
  if (!isObject(value) || typeof value['uri'] !== 'string' || !value['uri'].startsWith(LOCAL_URI)) return value;
  return { ...value, uri: `${base}/procedures/${value['uri'].slice(LOCAL_URI.length)}` };
}
