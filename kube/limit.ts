import type { Clock } from './clock.ts';

/** A signal that ends with the caller's own, or after a time. */
export interface Limit {
  signal: AbortSignal;
  /** Which of them ended it; undefined while neither has. */
  why: () => 'aborted' | 'timeout' | undefined;
  /** No more timeout. */
  disarm: () => void;
  /** Lets go of the outer signal, too: one that lives as long as the process must not collect listeners. */
  release: () => void;
}

/** One signal from the caller's, if any, and a timeout in ms, 0 for none. */
export function limit(clock: Clock, outer: AbortSignal | undefined, timeoutMs: number): Limit {
  const controller = new AbortController();
  let code: 'aborted' | 'timeout' | undefined;
  const end = (why: 'aborted' | 'timeout', text: string): void => {
    code ??= why;
    controller.abort(new Error(text));
  };
  const onAbort = (): void => end('aborted', 'aborted');
  const onTimeout = (): void => end('timeout', `no answer in ${timeoutMs} ms`);
  const timer = timeoutMs > 0 ? clock.setTimeout(onTimeout, timeoutMs) : undefined;
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  const disarm = (): void => timer?.cancel();
  const release = (): void => {
    disarm();
    outer?.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, why: () => code, disarm, release };
}
