import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { serve } from './server.ts';
import type { Answer, TestServer } from './server.ts';

/** A server whose attaches a test plays: `sockets` are those that were accepted. */
export interface AttachServer extends TestServer {
  readonly sockets: WebSocket[];
  /** Path with query of each attach. */
  readonly attaches: string[];
  /** What came on stdin of all sockets, as text. */
  readonly stdin: string[];
}

/** Starts one. With `refusal`, attaches are answered by it instead. */
export async function serveAttach(
  options: { clock?: Clock; refusal?: Answer; autoPong?: boolean } = {},
): Promise<AttachServer> {
  const base = await serve(options.refusal ?? ((_request, response) => void response.writeHead(404).end()), options);
  const sockets: WebSocket[] = [];
  const attaches: string[] = [];
  const stdin: string[] = [];
  const wss = new WebSocketServer({
    noServer: true,
    autoPong: options.autoPong ?? true,
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  });
  // With a listener for upgrades none of them gets to the usual answers.
  if (!options.refusal)
    base.server.on('upgrade', (request, socket, head) => {
      attaches.push((request as { url?: string }).url ?? '');
      wss.handleUpgrade(request as never, socket as never, head as never, (accepted) => {
        sockets.push(accepted);
        accepted.on('message', (data: Buffer) => {
          if (data[0] === 0) stdin.push(data.subarray(1).toString('utf8'));
        });
        accepted.on('error', () => undefined); // tests break connections on purpose
      });
    });
  return Object.assign(Object.create(base) as TestServer, { sockets, attaches, stdin });
}

/** A message on a channel. */
export function onChannel(channel: number, text: string): Buffer {
  return Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
}

/** A Failure as a kubelet sends it: a Status without its kind. */
export function failureStatus(message: string): string {
  return JSON.stringify({ metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 });
}
