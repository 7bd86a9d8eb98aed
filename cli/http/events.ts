import { createParser } from 'eventsource-parser';
import type { Clock } from '../ports.ts';
import { messageOf } from '../errors.ts';
import type { Client } from './client.ts';
import type { StreamedAnswer } from './transport.ts';
import { Backoff, isLasting } from './retry.ts';

/** A server whose heartbeats stop for this long is taken for gone. Servers without heartbeats may be silent for ever. */
const SILENCE_MS = 60_000;

/** An open event stream. */
export interface EventStream {
  /** The data of each event; ends when the signal fires. Throws what no reconnecting mends. */
  readonly data: AsyncIterable<string>;
}

/**
 * Opens the event stream; resolves when the server has answered, so that nothing which happens after that is missed. A
 * cut is mended by a new request with the id of the last event (`Last-Event-ID`), so that no event is lost or
 * repeated where the server keeps them. A half-received event is asked for again.
 */
export async function openEvents(
  client: Client,
  clock: Clock,
  signal: AbortSignal,
  onCut: (reason: string) => Promise<void>,
): Promise<EventStream> {
  let lastId: string | undefined;

  async function connect(): Promise<Connection> {
    const cut = new AbortController();
    return { cut, answer: await client.events(lastId, AbortSignal.any([signal, cut.signal])) };
  }

  async function* read({ answer, cut }: Connection): AsyncGenerator<string> {
    const batch: ({ id: string } | { data: string })[] = [];
    const seen = { heartbeat: false };
    const parser = createParser({
      // A server may give an id before its first event, so that even a client that has seen none can go on from there.
      onId: (id) => batch.push({ id }),
      onEvent: ({ data }) => batch.push({ data }),
      onComment: () => {
        seen.heartbeat = true;
      },
    });
    const decoder = new TextDecoder();
    let watch = new AbortController();
    try {
      for await (const chunk of answer.body) {
        watch.abort();
        parser.feed(decoder.decode(chunk, { stream: true }));
        for (const item of batch.splice(0)) {
          if ('id' in item) lastId = item.id;
          else yield item.data;
        }
        watch = seen.heartbeat ? watchSilence(clock, cut) : new AbortController();
      }
    } finally {
      watch.abort();
    }
  }

  async function* readForEver(first: Connection): AsyncGenerator<string> {
    const backoff = new Backoff(clock);
    let connection: Connection | undefined = first;
    while (!isAborted(signal)) {
      let reason = 'the server ended the stream';
      try {
        connection ??= await connect();
        for await (const data of read(connection)) {
          backoff.reset();
          yield data;
        }
      } catch (error) {
        if (isAborted(signal)) return;
        if (isLasting(error)) throw error;
        reason = connection?.cut.signal.aborted === true ? 'no heartbeat' : messageOf(error);
      }
      if (isAborted(signal)) return;
      // Once per cut, not for each try to get through again.
      if (connection !== undefined) await onCut(reason);
      connection = undefined;
      await backoff.wait(signal);
    }
  }

  return { data: readForEver(await connect()) };
}

interface Connection {
  readonly answer: StreamedAnswer;
  /** Ends this connection only. */
  readonly cut: AbortController;
}

/** Cuts a connection that stays silent, unless the returned controller is aborted before. */
function watchSilence(clock: Clock, cut: AbortController): AbortController {
  const watch = new AbortController();
  void clock.sleep(SILENCE_MS, watch.signal).then(() => {
    if (!watch.signal.aborted) cut.abort();
  });
  return watch;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
