/** A proxy before a database that cuts a connection at its COMMIT: before the server has it, or before the client has the answer. */
import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export class CutCommits {
  /** The database's, by way of the proxy. */
  readonly url: string;
  /** How often it has cut. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next: 'none' | 'before' | 'after' = 'none';

  private constructor(url: string, server: Server, target: { host: string; port: number }) {
    this.url = url;
    this.#server = server;
    server.on('connection', (client) => this.#serve(client, connect(target)));
  }

  static async before(url: string): Promise<CutCommits> {
    const target = new URL(url);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = new URL(url);
    own.port = String((server.address() as AddressInfo).port);
    return new CutCommits(own.href, server, { host: target.hostname, port: Number(target.port) });
  }

  /** The next COMMIT is cut: before it reaches the server, or after the server has answered. */
  cutNext(before: boolean): void {
    this.#next = before ? 'before' : 'after';
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket, server: Socket): void {
    let swallow = false;
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (this.#next !== 'none' && chunk.includes('COMMIT\0')) {
        const when = this.#next;
        this.#next = 'none';
        this.cuts++;
        if (when === 'before') {
          cut();
          return;
        }
        swallow = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (swallow) cut();
      else client.write(chunk);
    });
  }
}
