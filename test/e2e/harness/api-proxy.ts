/** A proxy before the API server with the administrator's credentials, which does to watches what an API server or a network may do. */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { connect as tcpConnect } from 'node:net';
import { command } from './command.ts';

interface Cluster {
  readonly url: URL;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'>;
  readonly headers: Readonly<Record<string, string>>;
}

interface Config {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string | boolean | undefined>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string | undefined>> }[];
}

/** Server and credentials of kubectl's present context. */
export async function currentCluster(kubectlFile: string): Promise<Cluster> {
  const { stdout } = await command(kubectlFile, ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']);
  const config = JSON.parse(stdout) as Config;
  const cluster = config.clusters[0]?.cluster ?? {};
  const user = config.users[0]?.user ?? {};
  const bytes = (data: unknown): Buffer | undefined =>
    typeof data === 'string' ? Buffer.from(data, 'base64') : undefined;
  const [ca, cert, key] = [
    bytes(cluster['certificate-authority-data']),
    bytes(user['client-certificate-data']),
    bytes(user['client-key-data']),
  ];
  return {
    url: new URL(String(cluster['server'])),
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
    },
    headers: user['token'] === undefined ? {} : { authorization: `Bearer ${user['token']}` },
  };
}

/** An open watch: what goes through it. */
interface Watch {
  readonly answer: ServerResponse;
  readonly source: IncomingMessage;
  deaf: boolean;
}

const EXPIRED = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'too old resource version',
    reason: 'Expired',
    code: 410,
  },
};

export class ApiProxy {
  /** Lists that went through, by path. */
  readonly lists: string[] = [];
  readonly #cluster: Cluster;
  readonly #server: Server;
  readonly #watches = new Set<Watch>();
  readonly #sockets = new Set<Duplex>();

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#server = createServer((request, answer) => this.#forward(request, answer));
    // As long as an API server: a client that was stopped for a while does not write into a connection that has just been closed.
    this.#server.keepAliveTimeout = 90_000;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#server.on('connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(kubectlFile: string): Promise<ApiProxy> {
    const proxy = new ApiProxy(await currentCluster(kubectlFile));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig that leads here. */
  get kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'proxy',
      clusters: [{ name: 'proxy', cluster: { server: this.origin } }],
      users: [{ name: 'proxy', user: {} }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    });
  }

  /** From now on the open watches carry nothing; how many there are. */
  deafen(): number {
    for (const watch of this.#watches) watch.deaf = true;
    return this.#watches.size;
  }

  /** Ends the open watches as the API server does when their version was compacted away: a 410 within an answer of 200. How many. */
  expire(): number {
    const watches = [...this.#watches];
    for (const { answer, source } of watches) {
      source.destroy();
      answer.end(`${JSON.stringify(EXPIRED)}\n`);
    }
    return watches.length;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #forward(request: IncomingMessage, answer: ServerResponse): void {
    const { url, tls, headers } = this.#cluster;
    const { method = 'GET', url: path = '/' } = request;
    const query = new URL(path, url).searchParams;
    const isWatch = ['1', 'true'].includes(query.get('watch') ?? '');
    if (method === 'GET' && !isWatch && /\/(pods|procedures)(\?|$)/.test(path)) this.lists.push(path);
    const { host: _, ...passed } = request.headers;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { ...tls, method, host: url.hostname, port: url.port, path, headers: { ...passed, ...headers } };
    const onward = send(options, (source) => {
      answer.writeHead(source.statusCode ?? 502, source.headers);
      answer.once('close', () => source.destroy());
      source.on('error', () => answer.destroy());
      if (!isWatch) {
        source.pipe(answer);
        return;
      }
      answer.flushHeaders();
      const watch: Watch = { answer, source, deaf: false };
      this.#watches.add(watch);
      answer.once('close', () => this.#watches.delete(watch));
      source.on('data', (chunk: Buffer) => watch.deaf || answer.write(chunk));
      source.once('end', () => answer.end());
    });
    onward.on('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    request.pipe(onward);
  }

  /** Attach: the request as it came, with the administrator's credentials, then bytes both ways. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url, tls, headers } = this.#cluster;
    const where = { host: url.hostname, port: Number(url.port) };
    const onward = url.protocol === 'https:' ? tlsConnect({ ...where, ...tls }) : tcpConnect(where);
    onward.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      const lines = Object.entries({ ...request.headers, ...headers, host: url.host }).map(
        ([name, value]) => `${name}: ${String(value)}`,
      );
      onward.write(`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const [one, other] of [
      [onward, socket],
      [socket, onward],
    ] as const) {
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
  }
}
