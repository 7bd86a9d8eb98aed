import type { Response } from 'express';

/** Aborts when the client goes away or the server shuts down. */
export function clientSignal(response: Response, shutdown: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort();
    shutdown.removeEventListener('abort', leave);
  };
  response.once('close', leave);
  shutdown.addEventListener('abort', leave, { once: true });
  if (response.closed || shutdown.aborted) leave();
  return gone.signal;
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
