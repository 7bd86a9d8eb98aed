import type { ApiClock } from '../ports.ts';
import type { StoreWatch } from '../store-watch.ts';
import { dataOf, placeText } from './event.ts';
import type { Place, StreamEvent } from './event.ts';
import type { RowEvents, Tail } from './tail.ts';

/** Which events a listener wants. */
export interface StreamFilter {
  /** Beginnings of topics; all topics if empty. */
  readonly topics: readonly string[];
  readonly procedure?: number;
}

/** Whether an event passes. */
function passes({ topics, procedure }: StreamFilter, event: StreamEvent): boolean {
  if (procedure !== undefined && event.procedure !== procedure) return false;
  return topics.length === 0 || topics.some((topic) => event.topic.startsWith(topic));
}

/** Silence after which a comment is sent, so that proxies keep the connection and clients notice a dead one. */
const HEARTBEAT_MS = 15_000;
/** Characters of events that go out in one write. */
const WRITE_CHARACTERS = 16_384;
/** How long a client waits before it comes again. */
const RETRY_MS = 1000;
/**
 * Neither ends a block of its own with an empty line, which the format allows: they go before the next event. Upstream sent blocks
 * with data only, and Python's sseclient hands out an event without data for one that has none, which is no JSON.
 */
const RETRY = `retry: ${RETRY_MS}\n`;
const HEARTBEAT = ': heartbeat\n';

/** What a listener's stream is made with. */
export interface StreamOptions {
  readonly filter: StreamFilter;
  /** URL under which the client reached the API. */
  readonly base: string;
  readonly clock: Pick<ApiClock, 'now'>;
  readonly heartbeatMs?: number;
}

/** The text of an event stream after a place: events exactly once, and heartbeats. Ends when the signal aborts. */
export async function* eventStream(
  tail: Tail,
  watch: StoreWatch,
  start: Place,
  { filter, base, clock, heartbeatMs = HEARTBEAT_MS }: StreamOptions,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  yield RETRY;
  // A row that was seen in part comes again; its first events are left out.
  let row = start.part === Infinity ? start.row : start.row - 1;
  let beat = clock.now() + heartbeatMs;
  for (;;) {
    const page = await tail.after(row);
    let text = '';
    for (const [index, each] of page.rows.entries()) {
      text += textOf(each, each.row === start.row ? start.part : 0, filter, base);
      if (text === '' || (text.length < WRITE_CHARACTERS && index < page.rows.length - 1)) continue;
      yield text;
      text = '';
      beat = clock.now() + heartbeatMs;
    }
    if (clock.now() >= beat) {
      yield HEARTBEAT;
      beat = clock.now() + heartbeatMs;
    }
    const isLast = page.upTo === row;
    row = page.upTo;
    if (isLast) await watch.wait(row, signal, Math.max(1, beat - clock.now()));
    if (signal.aborted) return;
  }
}

/** The events of a row after its first `done`, as text; '' if the filter lets none through. */
function textOf({ row, events }: RowEvents, done: number, filter: StreamFilter, base: string): string {
  let text = '';
  for (const [index, event] of events.entries()) {
    if (index < done || !passes(filter, event)) continue;
    const part = index === events.length - 1 ? Infinity : index + 1;
    text += `id: ${placeText({ row, part })}\ndata: ${dataOf(event, base)}\n\n`;
  }
  return text;
}
