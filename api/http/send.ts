import type { Response } from 'express';

/** Aborts when the client goes away or `server` (the shutdown) does. Release it when the answer is done. */
export function clientSignal(response: Response, server: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.closed) gone.abort();
  return AbortSignal.any([gone.signal, server]);
}

/**
 * Writes, and waits while the client is slower than we: what a slow reader has not taken is never more than the socket's
 * buffer. False if the client has gone.
 */
export async function send(response: Response, data: string | Buffer, signal: AbortSignal): Promise<boolean> {
  if (isGone(response, signal)) return false;
  if (response.write(data)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
  return !isGone(response, signal);
}

function isGone(response: Response, signal: AbortSignal): boolean {
  return signal.aborted || response.closed;
}

/** Sends small pieces at once instead of collecting them (Nagle), and headers before there is a body. */
export function openStream(response: Response, headers: Readonly<Record<string, string>>): void {
  response.set({ 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no', ...headers });
  response.socket?.setNoDelay(true);
  response.flushHeaders();
}
