/** An API server's address whose pods/attach and pods/log are the simulated node's; everything else goes to the real one as it came. */
import { createServer, request as httpRequest, Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { loadCredentials } from '../../../kube/auth.ts';
import type { FakePod } from '../../../operator/testing/fake-pod.ts';
import type { SimulatedNode } from './node.ts';

const STREAM = /^\/api\/v1\/namespaces\/[^/]+\/pods\/([^/]+)\/(log|attach)$/;
const PROTOCOL = 'v5.channel.k8s.io';
const [STDIN, STDOUT] = [0, 1];

export interface SimulatedProxy {
  /** A kubeconfig that leads here. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** @param kubeconfig of the API server that it stands before; undefined is that of KUBECONFIG. */
export async function startProxy(kubeconfig: string | undefined, node: SimulatedNode): Promise<SimulatedProxy> {
  const source = await loadCredentials({ kubeconfig });
  const { tls, headers } = await source.read();
  const { hostname: host, port, protocol } = new URL(source.server);
  const isTls = protocol === 'https:';
  const agent = isTls ? new HttpsAgent({ keepAlive: true, ...tls }) : new Agent({ keepAlive: true });
  const sockets = new Set<Duplex>();
  const attaches = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(PROTOCOL) && PROTOCOL,
  });

  const forward = (request: IncomingMessage, answer: ServerResponse): void => {
    const { host: _, ...passed } = request.headers;
    const onward = (isTls ? httpsRequest : httpRequest)(
      {
        ...{ agent, method: request.method, host, port, path: request.url },
        headers: { ...passed, ...headers },
      },
      (source) => {
        answer.writeHead(source.statusCode ?? 502, source.headers);
        answer.flushHeaders();
        source.on('error', () => answer.destroy());
        source.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    request.pipe(onward);
  };
  const server = createServer((request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here');
    const name = STREAM.exec(pathname)?.[1];
    if (name === undefined) return forward(request, answer);
    const container = node.container(name);
    if (container) writeLog(node, container, answer, searchParams.get('follow') === 'true');
    else refuse(answer, `container "main" in pod "${name}" is waiting to start: ContainerCreating`);
  });
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()); // the operator was killed, or gave up
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here');
    const name = STREAM.exec(pathname)?.[1] ?? '';
    const container = node.container(name);
    if (!container?.alive) {
      const body = JSON.stringify(status(`pod ${name} does not have a host assigned`));
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    attaches.handleUpgrade(request, socket, head, (ws) =>
      attach(node, ws, container, searchParams.get('stdout') === 'true'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'simulated',
      clusters: [{ name: 'simulated', cluster: { server: origin } }],
      users: [{ name: 'simulated', user: {} }],
      contexts: [{ name: 'simulated', context: { cluster: 'simulated', user: 'simulated' } }],
    }),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

function attach(node: SimulatedNode, ws: WebSocket, container: FakePod, stdout: boolean): void {
  ws.on('error', () => undefined); // a broken connection is a closed one
  ws.on('message', (raw: RawData) => {
    const message = Buffer.isBuffer(raw) ? raw : Buffer.concat(Array.isArray(raw) ? raw : [Buffer.from(raw)]);
    if (message[0] === STDIN) container.stdin(message.subarray(1));
  });
  const unlisten = container.listen((line) => {
    if (stdout) ws.send(Buffer.concat([Buffer.of(STDOUT), line]));
  });
  const uncover = node.onExit(container, () => ws.close(1000));
  ws.once('close', () => {
    unlisten();
    uncover();
  });
}

function writeLog(node: SimulatedNode, container: FakePod, answer: ServerResponse, follow: boolean): void {
  answer.writeHead(200, { 'content-type': 'text/plain' });
  answer.write(Buffer.concat(container.log));
  if (!follow || !container.alive) return void answer.end();
  const unlisten = container.listen((line) => answer.write(line));
  const uncover = node.onExit(container, () => answer.end());
  answer.once('close', () => {
    unlisten();
    uncover();
  });
}

function refuse(answer: ServerResponse, message: string): void {
  answer.writeHead(400, { 'content-type': 'application/json' });
  answer.end(JSON.stringify(status(message)));
}

function status(message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'BadRequest', code: 400 };
}
