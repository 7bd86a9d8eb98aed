import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Logger } from '../options.ts';

export interface FanoutOptions {
  /** The store's file; the socket lies beside it. */
  readonly path: string;
  /** Somebody has committed up to this id. */
  readonly onId: (id: number) => void;
  readonly logger: Logger | undefined;
}

/** Milliseconds. */
const RETRY = 100;
const FIRST_LOOK = 20;
const LOOK = 500;
/** Bytes waiting for a client that does not read; ids are a few bytes each. */
const MAX_QUEUED = 64 * 1024;

/**
 * Tells the processes that have the file open of each commit: the newest id as a line of text over the unix socket `<path>.sock`.
 * One process serves the socket and passes on what the others tell it. Whoever finds nobody serving takes over by renaming a
 * socket of its own into place; one that sees another's there steps down. Meanwhile, and where there can be no socket, readers poll.
 */
export class Fanout {
  readonly #options: FanoutOptions;
  readonly #address: string;
  readonly #peers = new Set<Socket>();
  #server: Server | undefined;
  #inode = -1;
  /** Nobody else's socket was in our place when last looked. */
  #confirmed = false;
  #timer: NodeJS.Timeout | undefined;
  /** While a socket of our own is put in place. */
  #taking: Promise<void> | undefined;
  #closed = false;
  #newest = 0;
  #told = false;

  constructor(options: FanoutOptions) {
    this.#options = options;
    this.#address = `${options.path}.sock`;
    this.#join();
  }

  /** Whether commits of other processes are told. */
  get connected(): boolean {
    return this.#server === undefined ? [...this.#peers].some((peer) => !peer.connecting) : this.#confirmed;
  }

  /** This process has committed. */
  send(id: number): void {
    this.#newest = Math.max(this.#newest, id);
    for (const peer of this.#peers) write(peer, id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#taking;
    const serving = this.#server !== undefined && (await this.#inPlace());
    this.#leave();
    if (serving) await rm(this.#address, { force: true });
  }

  #join(): void {
    const socket = connect(this.#address);
    socket.unref();
    let met = false;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that breaks is closed next.
      if (met) return;
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') this.#taking = this.#serve();
      else this.#retry(error);
    });
    socket.once('connect', () => {
      met = true;
      socket.once('close', () => this.#retry(undefined));
      if (this.#newest > 0) write(socket, this.#newest);
    });
    this.#hear(socket);
  }

  async #serve(): Promise<void> {
    if (this.#closed) return;
    const draft = `${this.#address}.${randomBytes(3).toString('hex')}`;
    const server = createServer((peer) => {
      peer.unref();
      peer.on('error', () => peer.destroy());
      this.#hear(peer);
      if (this.#newest > 0) write(peer, this.#newest);
    });
    server.unref();
    try {
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(draft, resolve));
      this.#inode = (await stat(draft)).ino;
      await rename(draft, this.#address);
      this.#server = server;
      this.#look();
    } catch (error) {
      server.close();
      this.#retry(error);
    }
  }

  /** Another process may have taken the place at the same moment; the later one stays. */
  #look(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        void this.#inPlace().then((inPlace) => {
          if (this.#closed) return;
          this.#confirmed = inPlace;
          if (inPlace) {
            this.#look();
          } else {
            this.#leave();
            this.#join();
          }
        });
      },
      this.#confirmed ? LOOK : FIRST_LOOK,
    );
    this.#timer.unref();
  }

  async #inPlace(): Promise<boolean> {
    return stat(this.#address).then(
      ({ ino }) => ino === this.#inode,
      () => false,
    );
  }

  #leave(): void {
    this.#server?.close();
    this.#server = undefined;
    this.#confirmed = false;
    for (const peer of this.#peers) peer.destroy();
  }

  #retry(error: unknown): void {
    if (this.#closed) return;
    if (error !== undefined && !this.#told) {
      this.#told = true;
      this.#options.logger?.warn({ err: error, socket: this.#address }, 'no socket beside the store: readers poll it');
    }
    clearTimeout(this.#timer);
    // Not all at the same moment.
    this.#timer = setTimeout(
      () => this.#join(),
      error === undefined ? Math.random() * 10 : RETRY * (1 + Math.random()),
    );
    this.#timer.unref();
  }

  #hear(peer: Socket): void {
    let rest = '';
    this.#peers.add(peer);
    peer.once('close', () => this.#peers.delete(peer));
    peer.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      const id = lines.reduce((highest, line) => Math.max(highest, Number(line) || 0), 0);
      if (id <= this.#newest) return;
      this.#newest = id;
      this.#options.onId(id);
      if (this.#server === undefined) return;
      for (const other of this.#peers) if (other !== peer) write(other, id);
    });
  }
}

function write(peer: Socket, id: number): void {
  if (peer.connecting || peer.destroyed) return;
  if (peer.writableLength > MAX_QUEUED) peer.destroy();
  else peer.write(`${id}\n`);
}
