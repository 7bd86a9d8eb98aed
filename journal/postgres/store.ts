import type { Pool } from 'pg';
import { JournalError, Unusable } from '../errors.ts';
import { BUSY_TIMEOUT_MS } from '../options.ts';
import type { StoreOptions } from '../options.ts';
import { Newest } from '../shared/newest.ts';
import { OpStore } from '../shared/op-store.ts';
import type { Op, Outcome } from '../shared/ops.ts';
import type { JournalReader, JournalStore, OutputChunk, Row, Run, RunFilter } from '../types.ts';
import { explained } from './failures.ts';
import { Listener } from './listener.ts';
import { databasePlace } from './location.ts';
import { patiently } from './patience.ts';
import { MAX_READERS, poolOf } from './pools.ts';
import { CommitQueue } from './queue.ts';
import { Reader } from './reader.ts';
import { migrate, refuseOtherSchema } from './schema.ts';
import { Writer } from './writer.ts';

/** Milliseconds between looks at the newest id: without LISTEN, and with it, whose connection may have died unnoticed. */
const POLL = 100;
const POLL_BESIDE_LISTEN = 1000;

/**
 * Opens the journal in a PostgreSQL database; makes its tables if they are not there. Any number of processes may have it open, all of
 * them reading and writing. Throws Unusable for a wrong URL, password or database, missing rights or a newer schema, Fenced if `epoch`
 * is over, and Unavailable if the database cannot be reached within `patienceMs`.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<JournalStore> {
  const { config, name: place } = databasePlace(url);
  const { logger, epoch, signal, namespace = '', busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  const writable = options.readonly !== true;
  const pools = { reads: poolOf(config, MAX_READERS, logger), commits: poolOf(config, 1, logger) };
  const told = { failing: false };
  const onFailure = (error: unknown): void => {
    if (!told.failing) logger?.warn({ err: error }, `the ${place} is away: trying again`);
    told.failing = true;
  };
  try {
    const { channel, writer } = await patiently(() => begin(pools, writable, { namespace, epoch }), {
      ms: options.patienceMs ?? busyTimeoutMs,
      signal,
      onFailure,
    });
    const newest = new Newest();
    const onCommit = (id: number): void => {
      if (told.failing) logger?.warn({}, `the ${place} is back`);
      told.failing = false;
      newest.raise(id);
    };
    const queue =
      writer && new CommitQueue({ committer: writer, place, patienceMs: busyTimeoutMs, onCommit, onFailure });
    const listener = new Listener({ config, channel, onId: (id) => newest.raise(id), logger });
    const reader = new Reader(pools.reads, place, busyTimeoutMs);
    return new PostgresStore({ reader, writer, queue, newest, listener, pools });
  } catch (error) {
    await Promise.all([pools.reads.end(), pools.commits.end()]);
    throw signal?.aborted === true ? error : explained(error, place);
  }
}

interface Pools {
  readonly reads: Pool;
  readonly commits: Pool;
}

/** Everything that is asked of the database before the first call: schema, rights, turn. */
async function begin(
  { commits, reads }: Pools,
  writable: boolean,
  turn: { readonly namespace: string; readonly epoch: number | undefined },
): Promise<{ channel: string; writer: Writer | undefined }> {
  const client = await reads.connect();
  let failure: Error | undefined;
  try {
    await (writable ? migrate(client) : refuseOtherSchema(client));
    const { rows } = await client.query<{ schema: string }>('SELECT current_schema() AS schema');
    // Channels are the database's, tables the schema's. 63 bytes at most.
    const channel = `oet_journal.${rows[0]?.schema ?? ''}`.slice(0, 63);
    const writer = writable ? new Writer(commits, { channel, ...turn }) : undefined;
    await writer?.takeTurn();
    return { channel, writer };
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(failure);
  }
}

interface Parts {
  readonly reader: Reader;
  readonly writer: Writer | undefined;
  readonly queue: CommitQueue | undefined;
  readonly newest: Newest;
  readonly listener: Listener;
  readonly pools: Pools;
}

class PostgresStore extends OpStore implements JournalStore {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  protected async write(op: Op): Promise<Outcome> {
    const { queue } = this.#parts;
    if (queue === undefined) throw new Unusable('the store was opened for reading only');
    return queue.add(op);
  }

  async run(uid: string): Promise<Run | undefined> {
    return this.#reader().run(uid);
  }

  async runById(namespace: string, id: number): Promise<Run | undefined> {
    return this.#reader().runById(namespace, id);
  }

  async runs(namespace: string, filter: RunFilter = {}): Promise<Run[]> {
    return this.#reader().runs(namespace, filter);
  }

  async rows(...[after, options]: Parameters<JournalReader['rows']>): Promise<Row[]> {
    return this.#reader().rows(after, options);
  }

  async output(...[uid, after, options]: Parameters<JournalReader['output']>): Promise<OutputChunk[]> {
    return this.#reader().output(uid, after, options);
  }

  async lastId(): Promise<number> {
    return this.#reader().lastId();
  }

  async changed(after: number, signal: AbortSignal): Promise<number | undefined> {
    this.#refuseClosed();
    const beyond = this.#parts.newest.beyond(after, signal);
    this.#poll(0);
    return beyond;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    const { queue, writer, newest, listener, pools } = this.#parts;
    newest.release();
    await queue?.close();
    // Failing that, another one takes its mark away.
    await writer?.retire().catch(() => undefined);
    await Promise.all([listener.close(), pools.reads.end(), pools.commits.end()]);
  }

  #reader(): Reader {
    this.#refuseClosed();
    return this.#parts.reader;
  }

  #refuseClosed(): void {
    if (this.#closed) throw new JournalError('the store is closed');
  }

  /** Runs while somebody waits. The first look is at once where nobody tells of commits. */
  #poll(tries: number): void {
    const { newest, listener, reader } = this.#parts;
    if (this.#timer !== undefined || this.#closed || !newest.awaited) return;
    const wait = listener.connected ? POLL_BESIDE_LISTEN : tries === 0 ? 0 : POLL;
    this.#timer = setTimeout(() => {
      const look = listener.connected ? listener.look() : reader.lastId().then((id) => newest.raise(id));
      // A database that is away: whoever waits goes on waiting.
      void look
        .catch(() => undefined)
        .then(() => {
          this.#timer = undefined;
          this.#poll(tries + 1);
        });
    }, wait);
  }
}
