import { Router } from 'express';
import { apiError } from '../errors.ts';
import { baseUrl } from '../http/base-url.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { clientSignal, openStream, send } from '../http/send.ts';
import type { ApiClock, Store } from '../ports.ts';
import type { StoreWatch } from '../store-watch.ts';
import type { Place } from './event.ts';
import { eventStream } from './listener.ts';
import type { Listeners } from './listeners.ts';
import { streamQuery } from './query.ts';
import type { Tail } from './tail.ts';

/** What the route works with. */
export interface StreamRoutePorts {
  readonly tail: Tail;
  readonly store: Store;
  readonly storeWatch: StoreWatch;
  readonly listeners: Listeners;
  readonly clock: ApiClock;
  readonly shutdown: AbortSignal;
  /** Silence between heartbeats in ms; default 15 s. */
  readonly heartbeatMs?: number;
}

/** `GET /stream`: everything that happens, as server-sent events. */
export function streamRoutes(ports: StreamRoutePorts): Router {
  const { tail, store, storeWatch, listeners, clock, shutdown, heartbeatMs } = ports;
  const router = Router({ caseSensitive: true });

  router
    .route('/stream')
    .get(async (request, response) => {
      const { filter, last } = streamQuery(request);
      if (shutdown.aborted) throw apiError('stopping');
      // Fixed before the headers go: whoever has them misses nothing that happens from then on.
      const now: Place = { row: tail.now, part: Infinity };
      openStream(response, { 'Content-Type': 'text/event-stream', Connection: 'keep-alive' });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const signal = clientSignal(response, shutdown);
      listeners.enter();
      try {
        const start = last && (await isKnown(last)) ? last : now;
        const options = {
          filter,
          base: baseUrl(request),
          clock,
          ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
        };
        for await (const text of eventStream(tail, storeWatch, start, options, signal)) {
          if (!(await send(response, text, signal))) break;
        }
      } finally {
        listeners.leave();
      }
      response.end();
    })
    .all(methodNotAllowed('GET'));

  /** An id that the store has not reached yet is from a store that was lost: waiting for it would take for ever. */
  async function isKnown({ row }: Place): Promise<boolean> {
    return row <= storeWatch.lastId || row <= (await store.lastId());
  }

  return router;
}
