import { resolve } from 'node:path';
import { JournalError, Unusable } from '../errors.ts';
import { BUSY_TIMEOUT_MS } from '../options.ts';
import type { StoreOptions } from '../options.ts';
import { Newest } from '../shared/newest.ts';
import { OpStore } from '../shared/op-store.ts';
import type { Op, Outcome } from '../shared/ops.ts';
import type { JournalReader, JournalStore, OutputChunk, Row, Run, RunFilter } from '../types.ts';
import { WriterClient } from './client.ts';
import { Fanout } from './fanout.ts';
import { refuseNetworkFileSystem } from './filesystem.ts';
import { Reader } from './reader.ts';
import { openDatabase } from './schema.ts';

/** Milliseconds between looks at the file: without a socket, and with one, which may have died unnoticed. */
const POLL = 25;
const POLL_BESIDE_SOCKET = 1000;

/**
 * Opens the journal in a SQLite file, made if it is not there (its folder must be). Several processes may have it open, all of them reading
 * and writing. Throws Unusable on a network file system or for a newer schema, Fenced if `epoch` is over.
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<JournalStore> {
  const file = resolve(path);
  const busyTimeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
  await refuseNetworkFileSystem(file);
  const newest = new Newest();
  const told: { fanout?: Fanout } = {};
  const writer =
    options.readonly === true
      ? undefined
      : await WriterClient.start(
          { path: file, busyTimeoutMs, epoch: options.epoch },
          {
            onCommit(id) {
              told.fanout?.send(id);
              newest.raise(id);
            },
            onTrouble: (error) => options.logger?.warn({ err: error, path: file }, 'trouble with the journal'),
          },
        );
  try {
    const reader = new Reader(openDatabase(file, { writable: false, busyTimeoutMs }));
    told.fanout = new Fanout({ path: file, onId: (id) => newest.raise(id), logger: options.logger });
    return new SqliteStore(reader, writer, newest, told.fanout);
  } catch (error) {
    await writer?.close();
    throw error;
  }
}

class SqliteStore extends OpStore implements JournalStore {
  readonly #reader: Reader;
  readonly #writer: WriterClient | undefined;
  readonly #newest: Newest;
  readonly #fanout: Fanout;
  #version: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(reader: Reader, writer: WriterClient | undefined, newest: Newest, fanout: Fanout) {
    super();
    this.#reader = reader;
    this.#writer = writer;
    this.#newest = newest;
    this.#fanout = fanout;
    this.#version = reader.dataVersion();
  }

  protected async write(op: Op): Promise<Outcome> {
    if (this.#writer === undefined) throw new Unusable('the store was opened for reading only');
    return this.#writer.send(op);
  }

  run(uid: string): Promise<Run | undefined> {
    return Promise.try(() => this.#reader.run(uid));
  }

  runById(namespace: string, id: number): Promise<Run | undefined> {
    return Promise.try(() => this.#reader.runById(namespace, id));
  }

  runs(namespace: string, filter: RunFilter = {}): Promise<Run[]> {
    return Promise.try(() => this.#reader.runs(namespace, filter));
  }

  rows(...[after, options]: Parameters<JournalReader['rows']>): Promise<Row[]> {
    return Promise.try(() => this.#reader.rows(after, options));
  }

  output(...[uid, after, options]: Parameters<JournalReader['output']>): Promise<OutputChunk[]> {
    return Promise.try(() => this.#reader.output(uid, after, options));
  }

  lastId(): Promise<number> {
    return Promise.try(() => this.#reader.lastId());
  }

  async changed(after: number, signal: AbortSignal): Promise<number | undefined> {
    if (this.#closed) throw new JournalError('the store is closed');
    if (this.#newest.value <= after) this.#newest.raise(this.#reader.lastId());
    const beyond = this.#newest.beyond(after, signal);
    this.#poll();
    return beyond;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#newest.release();
    // The writer last: who closes the file last puts its write-ahead log away, which a reader cannot.
    this.#reader.close();
    await this.#writer?.close();
    await this.#fanout.close();
  }

  /** Runs while somebody waits; keeps the process alive as long. */
  #poll(): void {
    if (this.#timer !== undefined || this.#closed || !this.#newest.awaited) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        const version = this.#reader.dataVersion();
        if (version !== this.#version) this.#newest.raise(this.#reader.lastId());
        this.#version = version;
        this.#poll();
      },
      this.#fanout.connected ? POLL_BESIDE_SOCKET : POLL,
    );
  }
}
