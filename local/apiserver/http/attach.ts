import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { denied } from '../auth/rbac.ts';
import { ApiError, badRequest, forbidden, noSuchResource, notFound, ofRefusal, statusOf } from '../errors.ts';
import type { AttachChannel } from '../kubelet-api.ts';
import type { ServerContext } from './context.ts';
import { attachOptions, noExec } from './pods.ts';
import { locationOf, userOf } from './request.ts';
import { parseResourcePath } from './route.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Frames larger than this are no command of anybody's. */
const MOST_FRAME = 8 * 1024 * 1024;

/** Serves WebSocket upgrades of `…/pods/NAME/attach`. */
export function createAttachServer(context: ServerContext): {
  /** Takes the connection over, or answers with a Status and ends it. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
} {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_FRAME,
    perMessageDeflate: false,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });

  function serve(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const user = userOf(context, req);
    const { path, query } = locationOf(req);
    const found = parseResourcePath(path);
    if (found?.resource !== 'pods' || found.name === undefined) throw noSuchResource();
    const { namespace = '', name, subresource } = found;
    if (subresource !== 'attach' && subresource !== 'exec') throw noSuchResource();
    const attributes = { ...found, verb: 'get' };
    if (!context.allowed(user, attributes)) throw denied(user, attributes);
    // the second question of a real server, whose refusal gives no reason
    if (!context.allowed(user, { ...attributes, verb: 'create' })) throw forbidden('pods', '', name, '');
    if (!context.api.storage.get('pods', namespace, name)) throw notFound('pods', '', name);
    const kubelet = context.kubelet();
    if (!kubelet) throw new ApiError(500, 'InternalError', 'no node serves attach');
    const options = attachOptions(query);
    const refusal = kubelet.attachPrecheck(namespace, name, options);
    if (refusal) throw ofRefusal(refusal);
    if (subresource === 'exec') throw noExec();
    const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
    if (!offered.some((each) => PROTOCOLS.includes(each))) {
      throw badRequest(
        `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${PROTOCOLS.join(' ')}]`,
      );
    }
    server.handleUpgrade(req, socket, head, (ws) => {
      const channel = createChannel(ws);
      kubelet.attach(namespace, name, options, channel).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        channel.send(3, Buffer.from(JSON.stringify(statusOf(new ApiError(500, 'InternalError', message)))));
        channel.close(1000);
      });
    });
  }

  return {
    upgrade(req, socket, head) {
      try {
        serve(req, socket, head);
      } catch (error) {
        refuse(socket, error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error)));
      }
    },
    close() {
      for (const ws of server.clients) ws.terminate();
      server.close();
    },
  };
}

/** How long a client that was refused may keep its half of the connection open. */
const HALF_OPEN_MS = 5000;

/** Answers an upgrade with a Status and ends the connection. */
function refuse(socket: Duplex, error: ApiError): void {
  const timer = setTimeout(() => socket.destroy(), HALF_OPEN_MS).unref();
  socket.on('close', () => clearTimeout(timer));
  socket.on('end', () => socket.destroy());
  socket.resume(); // what it had sent before it heard, and its end
  const body = JSON.stringify(statusOf(error));
  socket.end(
    `HTTP/1.1 ${error.code} ${error.reason === '' ? 'Error' : error.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function createChannel(ws: WebSocket): AttachChannel {
  let onData: ((channel: number, data: Buffer) => void) | undefined;
  const early: Buffer[] = [];
  const take = (message: Buffer): void => {
    const [channel] = message;
    if (channel === undefined) return;
    // v5: channel 255 closes the channel it names
    onData?.(channel, message.subarray(1));
  };
  ws.on('message', (raw: RawData) => {
    const message = Buffer.isBuffer(raw) ? raw : Buffer.concat(Array.isArray(raw) ? raw : [Buffer.from(raw)]);
    if (onData) take(message);
    else early.push(message);
  });
  // a broken connection is a closed one; 'close' follows
  ws.on('error', () => undefined);
  return {
    send(channel, data) {
      if (ws.readyState !== ws.OPEN) return;
      const message = Buffer.allocUnsafe(data.length + 1);
      message[0] = channel;
      data.copy(message, 1);
      ws.send(message);
    },
    onData(listener) {
      onData = listener;
      for (const message of early.splice(0)) take(message);
    },
    close(code) {
      ws.close(code);
    },
    onClose(listener) {
      ws.on('close', listener);
      if (ws.readyState === ws.CLOSED) listener();
    },
    bufferedAmount: () => ws.bufferedAmount,
    pause() {
      ws.pause();
    },
    resume() {
      ws.resume();
    },
  };
}
