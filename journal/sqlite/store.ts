import { resolve } from 'node:path';
import { JournalError, Unusable } from '../errors.ts';
import { losslessStringify } from '../lossless.ts';
import type {
  AppendResult,
  Entry,
  JournalReader,
  JournalStore,
  Note,
  OutputChunk,
  Row,
  Run,
  RunFilter,
  RunIdentity,
  Verdict,
} from '../types.ts';
import { WriterClient } from './client.ts';
import { Fanout } from './fanout.ts';
import type { Logger } from './fanout.ts';
import { refuseNetworkFileSystem } from './filesystem.ts';
import { packAppend } from './messages.ts';
import { Newest } from './newest.ts';
import { Reader } from './reader.ts';
import { openDatabase } from './schema.ts';

export interface StoreOptions {
  /** No writer: the file must be there. */
  readonly readonly?: boolean;
  readonly logger?: Logger;
  /** How long a commit waits for those of other processes; then it fails. Default 5,000. */
  readonly busyTimeoutMs?: number;
  readonly role?: 'operator' | 'api';
  /** The operator's turn (its Lease's transitions): once a higher one has been seen, writes of a lower one are refused with `Fenced`. */
  readonly epoch?: number;
}

/** Milliseconds between looks at the file: without a socket, and with one, which may have died unnoticed. */
const POLL = 25;
const POLL_BESIDE_SOCKET = 1000;

/**
 * Opens the journal in a SQLite file, made if it is not there (its folder must be). Several processes may have it open, all of them reading
 * and writing. Throws Unusable on a network file system or for a newer schema, Fenced if `epoch` is over.
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<JournalStore> {
  const file = resolve(path);
  const busyTimeoutMs = options.busyTimeoutMs ?? 5000;
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

class SqliteStore implements JournalStore {
  readonly #reader: Reader;
  readonly #writer: WriterClient | undefined;
  readonly #newest: Newest;
  readonly #fanout: Fanout;
  #version: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(reader: Reader, writer: WriterClient | undefined, newest: Newest, fanout: Fanout) {
    this.#reader = reader;
    this.#writer = writer;
    this.#newest = newest;
    this.#fanout = fanout;
    this.#version = reader.dataVersion();
  }

  async openRun({ info, ...run }: RunIdentity): Promise<void> {
    const { uid, namespace, name, id, created } = run;
    await this.#write({
      op: 'open',
      run: { uid, namespace, name, id, created: Math.round(created) },
      info: losslessStringify(info),
    });
  }

  async updateInfo(uid: string, info: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#write({ op: 'info', uid, info: losslessStringify(info) });
  }

  async append(uid: string, entries: readonly Entry[], notes: readonly Note[] = []): Promise<AppendResult> {
    const results = await Promise.all(packAppend(uid, entries, notes).map((op) => this.#write(op)));
    return results.at(-1) as AppendResult;
  }

  async finish(uid: string, verdict: Verdict): Promise<AppendResult> {
    return (await this.#write({
      op: 'finish',
      uid,
      verdict: { ...verdict, t: Math.round(verdict.t) },
    })) as AppendResult;
  }

  async markDeleted(uid: string): Promise<void> {
    await this.#write({ op: 'delete', uid });
  }

  async claimExecution(namespace: string, key: string, uid: string): Promise<string> {
    return (await this.#write({ op: 'key', namespace, key, uid, t: Date.now() * 1000 })) as string;
  }

  async publish(...[namespace, events]: Parameters<JournalStore['publish']>): Promise<number> {
    const packed = events.map(({ uid, topic, fields }) => [uid ?? null, losslessStringify({ topic, fields })] as const);
    return (await this.#write({ op: 'publish', namespace, t: Date.now() * 1000, events: packed })) as number;
  }

  async prune(
    before: readonly { readonly uid: string }[],
    options: { readonly eventsBefore?: number } = {},
  ): Promise<number> {
    let gone = 0;
    for (const { uid } of before) gone += (await this.#write({ op: 'prune', uids: [uid], eventsBefore: 0 })) as number;
    if (options.eventsBefore !== undefined)
      await this.#write({ op: 'prune', uids: [], eventsBefore: options.eventsBefore });
    return gone;
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

  async #write(op: Parameters<WriterClient['send']>[0]): ReturnType<WriterClient['send']> {
    if (this.#writer === undefined) throw new Unusable('the store was opened for reading only');
    return this.#writer.send(op);
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
