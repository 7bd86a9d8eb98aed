import type { Duplex } from 'node:stream';

/** Status and `detail` of what Node's parser gives up on; uvicorn says the same of everything else. */
const ANSWERS: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'Payload Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'Request Timeout'],
};
const OTHERWISE = ['400 Bad Request', 'Invalid HTTP request received.'] as const;

/**
 * Answers what is no HTTP (a server's `clientError`) with a `detail`, as every other error, and closes the connection. Where
 * something was written already, an answer may be under way: the connection is only closed.
 */
export function refuse(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesWritten?: number }): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten !== 0) {
    socket.destroy();
    return;
  }
  const [status, detail] = ANSWERS[error.code ?? ''] ?? OTHERWISE;
  const body = JSON.stringify({ detail });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}
