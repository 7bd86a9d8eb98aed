import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { fromFailure, KubeError } from './errors.ts';
import { PODS } from './kinds.ts';
import { pathOf } from './resources.ts';
import { aborted } from './signals.ts';

/** Which log, and how much of it. */
export interface LogOptions {
  namespace: string;
  pod: string;
  container: string;
  /** Go on with what the container will write. */
  follow: boolean;
  /** RFC 3339; inclusive, whole seconds. */
  sinceTime?: string;
  /** Lines from the end; default all. */
  tailLines?: number;
  /** The server stops after so many bytes. */
  limitBytes?: number;
  /** Give up after so long without a byte, the wait for the answer included; 0 never; default 45,000. */
  idleTimeoutMs?: number;
  signal?: AbortSignal | undefined;
  clock?: Clock;
}

/**
 * How a log ended: `eof` the server closed it properly, which says nothing about the container; `idle` no byte for too
 * long; `refused` an HTTP error; `broken` the connection failed or was reset; `stopped` by the signal or the reader.
 */
export type LogEnd =
  { how: 'eof' | 'idle' | 'stopped' } | { how: 'refused'; error: KubeError } | { how: 'broken'; error: KubeError };

/**
 * A log as bytes: iterate it once, then look at `ended`. Nothing is thrown. A 200 proves nothing: an error may stand in
 * the bytes as text, after the log so far. Read fast: a reader more than a rotation behind loses a whole file.
 */
export interface LogFollow extends AsyncIterable<Buffer> {
  /** Resolves when the iteration is over. */
  readonly ended: Promise<LogEnd>;
}

/** Reads or follows a container's log. The request is sent when the iteration begins. */
export function followLog(kube: Kube, options: LogOptions): LogFollow {
  const { promise: ended, resolve } = Promise.withResolvers<LogEnd>();
  return { ended, [Symbol.asyncIterator]: () => read(kube, options, resolve) };
}

const IDLE = new Error('idle');

async function* read(kube: Kube, options: LogOptions, end: (how: LogEnd) => void): AsyncGenerator<Buffer, void> {
  const { signal, clock = systemClock, idleTimeoutMs = 45_000 } = options;
  const path = pathOf(PODS, options.namespace, options.pod, 'log');
  const controller = new AbortController();
  let result: LogEnd = { how: 'stopped' }; // what stands if the reader leaves its loop
  const giveUp = (): void => controller.abort(IDLE);
  const arm = () => (idleTimeoutMs > 0 ? clock.setTimeout(giveUp, idleTimeoutMs) : undefined);
  let timer = arm();
  const abort = (): void => controller.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (aborted(signal)) abort();
  try {
    const query = {
      container: options.container,
      follow: options.follow || undefined,
      sinceTime: options.sinceTime,
      tailLines: options.tailLines,
      limitBytes: options.limitBytes,
    };
    // The wait for the headers is silence, too: no limit of its own.
    const { body } = await kube.stream(path, { query, signal: controller.signal, timeoutMs: 0 });
    for await (const chunk of body as AsyncIterable<Buffer>) {
      timer?.cancel();
      yield chunk;
      timer = arm(); // the reader's own time is not the server's silence
    }
    result = { how: 'eof' };
  } catch (cause) {
    const error = cause instanceof KubeError ? cause : fromFailure(cause, `GET ${path}`);
    if (aborted(signal)) result = { how: 'stopped' };
    else if (controller.signal.reason === IDLE) result = { how: 'idle' };
    else result = { how: error.status === 0 ? 'broken' : 'refused', error };
  } finally {
    timer?.cancel();
    signal?.removeEventListener('abort', abort);
    controller.abort();
    end(result);
  }
}
