import { isUtf8 } from 'node:buffer';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { fromStatus, fromFailure, isStatus, KubeError } from './errors.ts';
import type { ResourceType } from './kinds.ts';
import type { KubeObject, Stored } from './meta.ts';
import { pathOf } from './resources.ts';
import { aborted } from './signals.ts';

/** Something that happened to an object. */
export interface WatchEvent<T extends KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored<T>;
}

/** One watch, from a resourceVersion on. */
export interface WatchOptions<T extends KubeObject> {
  kube: Kube;
  type: ResourceType<T>;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  resourceVersion: string;
  /** The server ends the watch after so long. */
  timeoutSeconds: number;
  /** Ended by us after so long without an event or a bookmark: the connection may be half open. */
  stallMs: number;
  clock: Clock;
  signal: AbortSignal;
  onEvent: (event: WatchEvent<T>) => void;
  /** The watch need not go back behind this version again. */
  onVersion: (resourceVersion: string) => void;
}

/**
 * How a watch ended: by the server's timeout, by our watchdog, by the caller's signal, or by a failure: no connection,
 * a refusal, an ERROR event (whatever the server then does with the stream), or text that is no event.
 */
export type WatchEnd = { how: 'closed' | 'stalled' | 'aborted' } | { how: 'failed'; error: KubeError };

const STALLED = new Error('stalled');

/** Watches until the end, whatever that is; never throws. */
export async function watch<T extends KubeObject>(options: WatchOptions<T>): Promise<WatchEnd> {
  const { kube, type, clock, signal } = options;
  const path = pathOf(type, options.namespace);
  const controller = new AbortController();
  const stall = (): void => controller.abort(STALLED);
  let dog = clock.setTimeout(stall, options.stallMs);
  const abort = (): void => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  if (aborted(signal)) abort();
  try {
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    };
    const { body } = await kube.stream(path, { query, signal: controller.signal });
    for await (const line of lines(body)) {
      dog.cancel();
      dog = clock.setTimeout(stall, options.stallMs);
      take(line, options);
    }
    return { how: 'closed' };
  } catch (error) {
    if (aborted(signal)) return { how: 'aborted' };
    if (controller.signal.reason === STALLED) return { how: 'stalled' };
    return { how: 'failed', error: error instanceof KubeError ? error : fromFailure(error, `GET ${path}`) };
  } finally {
    dog.cancel();
    signal.removeEventListener('abort', abort);
  }
}

interface RawEvent {
  type: string;
  object: Stored;
}

function take<T extends KubeObject>(line: string, { type, onEvent, onVersion }: WatchOptions<T>): void {
  const { type: what, object } = parseEvent(line, type.parse);
  if (what === 'ADDED' || what === 'MODIFIED' || what === 'DELETED')
    onEvent({ type: what, object: object as Stored<T> });
  else if (what === 'ERROR')
    throw fromStatus(isStatus(object) ? object : { kind: 'Status', message: line.slice(0, 500) }, 'watch');
  else if (what !== 'BOOKMARK') return; // a kind of event that is not known yet
  onVersion(object.metadata.resourceVersion);
}

function parseEvent(line: string, parse: (text: string) => unknown = (text) => JSON.parse(text)): RawEvent {
  let event: unknown;
  try {
    event = parse(line);
  } catch (cause) {
    const message = `no event of a watch: ${line.slice(0, 200)}`;
    throw new KubeError(message, { status: 0, code: 'malformed', request: 'watch', cause });
  }
  if (isEvent(event)) return event;
  throw new KubeError(`no event of a watch: ${line.slice(0, 200)}`, { status: 0, code: 'malformed', request: 'watch' });
}

function isEvent(value: unknown): value is RawEvent {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('object' in value)) return false;
  const { type, object } = value;
  if (typeof type !== 'string' || typeof object !== 'object' || object === null) return false;
  if (type === 'ERROR') return true;
  if (!('metadata' in object) || typeof object.metadata !== 'object' || object.metadata === null) return false;
  const { metadata } = object;
  if (!('resourceVersion' in metadata) || typeof metadata.resourceVersion !== 'string') return false;
  return type === 'BOOKMARK' || ('name' in metadata && typeof metadata.name === 'string');
}

const NEWLINE = 10;

/** The lines of a byte stream, without their ends; a last one that has no newline is left out, as it was cut. */
async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at));
      const line = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts = [];
      from = at + 1;
      if (line && line.length > 0) yield line.toString('utf8');
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  // An error page or a plain text without a newline must not pass for a quiet end.
  const rest = Buffer.concat(parts);
  if (rest.length > 0 && isUtf8(rest) && rest[0] !== 0x7b) yield rest.toString('utf8');
}
