import { randomUUID } from 'node:crypto';
import { DatabaseError } from 'pg';
import type { Pool, PoolClient } from 'pg';
import { Fenced, JournalError } from '../errors.ts';
import type { Op } from '../shared/ops.ts';
import type { Live } from '../shared/record.ts';
import { Batch, dataOf } from './batch.ts';
import type { Done, Written } from './batch.ts';
import { isPassing } from './failures.ts';
import { lockAndLook, lookUpSums } from './look.ts';

export interface WriterOptions {
  /** NOTIFY tells the newest id on it. */
  readonly channel: string;
  /** Whose turn `epoch` is. */
  readonly namespace: string;
  /** The operator's turn; undefined writes without one. */
  readonly epoch: number | undefined;
}

export interface Committed {
  readonly lastId: number;
  /** One for each operation. */
  readonly done: readonly Done[];
}

/** The connection broke after COMMIT had been sent: whether it was carried out is not known yet. */
export class InDoubt extends JournalError {
  override name = 'InDoubt';
  /** The number of the commit among those of its writer. */
  readonly seq: number;
  readonly committed: Committed;

  constructor(seq: number, committed: Committed, cause: unknown) {
    super('the connection broke in the middle of a commit', { cause });
    this.seq = seq;
    this.committed = committed;
  }
}

/** Runs remembered between commits; more are read again. */
const MAX_LIVE = 4096;

/** All that a commit writes, in one statement. A text within JSON may hold what `text` may not, NUL; those here are JSON texts, which escape it. */
const WRITE = `
  WITH entries AS (
    INSERT INTO oet_entry SELECT id, uid, namespace, t, k, body
    FROM json_to_recordset($1) AS r (id bigint, uid text, namespace text, t bigint, k text, body text)
  ), outputs AS (
    INSERT INTO oet_output SELECT id, uid, namespace, t, s, gap, substring($3::bytea FROM start FOR size)
    FROM json_to_recordset($2) AS r (id bigint, uid text, namespace text, t bigint, s smallint, gap bigint, start integer, size integer)
  ), notes AS (
    INSERT INTO oet_note SELECT uid, key FROM json_to_recordset($4) AS r (uid text, key text)
  ), executions AS (
    INSERT INTO oet_execution SELECT namespace, key, uid, t
    FROM json_to_recordset($5) AS r (namespace text, key text, uid text, t bigint)
  ), runs AS (
    INSERT INTO oet_run
    SELECT uid, namespace, name, id, created, info, state, history, failure, result, progress, "end", finished, verdict, high,
      stdout, stderr, complete, deleted, revision
    FROM json_to_recordset($6) AS r (
      uid text, namespace text, name text, id bigint, created bigint, info text, state text, history text, failure text, result text,
      progress text, "end" text, finished bigint, verdict text, high bigint, stdout bigint, stderr bigint, complete boolean,
      deleted boolean, revision bigint
    )
    ON CONFLICT (uid) DO UPDATE SET info = excluded.info, state = excluded.state, history = excluded.history, failure = excluded.failure,
      result = excluded.result, progress = excluded.progress, "end" = excluded."end", finished = excluded.finished,
      verdict = excluded.verdict, high = excluded.high, stdout = excluded.stdout, stderr = excluded.stderr,
      complete = excluded.complete, deleted = excluded.deleted, revision = excluded.revision
  ), counter AS (
    UPDATE oet_counter SET last = $7 WHERE last <> $7
  ), witness AS (
    INSERT INTO oet_writer VALUES ($10, $11, now()) ON CONFLICT (token) DO UPDATE SET seq = excluded.seq, t = excluded.t
  )
  SELECT pg_notify($8, $9)`;

/** Applies operations, several per transaction; one commit at a time. */
export class Writer {
  readonly #pool: Pool;
  readonly #options: WriterOptions;
  readonly #token = randomUUID();
  #seq = 0;
  #live = new Map<string, Live>();

  constructor(pool: Pool, options: WriterOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /** Takes the turn. Throws Fenced if a later one has begun. */
  async takeTurn(): Promise<void> {
    const { namespace, epoch } = this.#options;
    if (epoch === undefined) return;
    await this.#inTransaction(async (client) => {
      const found = await lockAndLook(client, namespace, [], this.#live);
      if (found.epoch > epoch) throw new Fenced(epoch, found.epoch);
      await client.query(
        'INSERT INTO oet_turn VALUES ($1, $2) ON CONFLICT (namespace) DO UPDATE SET epoch = excluded.epoch',
        [namespace, epoch],
      );
      await client.query('COMMIT');
    });
  }

  /** Stores all operations in one transaction. Throws the database's error if that fails as a whole, and InDoubt; else nothing is stored then. */
  async commit(ops: readonly Op[]): Promise<Committed> {
    try {
      return await this.#inTransaction((client) => this.#commit(client, ops));
    } catch (error) {
      // What the records say was not stored.
      this.#live = new Map();
      throw error;
    }
  }

  /** What became of a commit; undefined if it was not carried out. Throws the database's error while that cannot be told. */
  async settle({ seq, committed }: InDoubt): Promise<Committed | undefined> {
    return this.#inTransaction(async (client) => {
      // Under the lock: its transaction is over, one way or the other.
      await client.query('BEGIN; SELECT last FROM oet_counter FOR UPDATE');
      const { rows } = await client.query<{ seq: number }>('SELECT seq FROM oet_writer WHERE token = $1', [
        this.#token,
      ]);
      await client.query('COMMIT');
      return rows[0]?.seq === seq ? committed : undefined;
    });
  }

  /** Takes the mark of this process away, and those of processes that were killed long ago. */
  async retire(): Promise<void> {
    await this.#pool.query(`DELETE FROM oet_writer WHERE token = $1 OR t < now() - interval '1 day'`, [this.#token]);
  }

  async #commit(client: PoolClient, ops: readonly Op[]): Promise<Committed> {
    const { namespace, epoch, channel } = this.#options;
    const found = await lockAndLook(client, namespace, ops, this.#live);
    await lookUpSums(client, ops, found);
    const batch = new Batch(found, epoch);
    const done: Done[] = [];
    for (const op of ops) done.push(op.op === 'prune' ? await this.#prune(client, op, batch) : batch.attempt(op));
    const seq = ++this.#seq;
    const values = [...parametersOf(batch.written, batch.lastId, channel), this.#token, seq];
    await client.query({ name: 'oet-write', text: WRITE, values });
    const committed = { lastId: batch.lastId, done };
    try {
      await client.query('COMMIT');
    } catch (error) {
      if (error instanceof DatabaseError && !isPassing(error)) throw error;
      throw new InDoubt(seq, committed, error);
    }
    this.#remember(found.lives);
    return committed;
  }

  async #prune(client: PoolClient, op: Extract<Op, { op: 'prune' }>, batch: Batch): Promise<Done> {
    const { uids, eventsBefore } = op;
    try {
      batch.refuseStale(op);
    } catch (error) {
      if (error instanceof JournalError) return { error };
      throw error;
    }
    for (const table of ['oet_output', 'oet_entry', 'oet_note'])
      await client.query(`DELETE FROM ${table} WHERE uid = ANY ($1)`, [uids]);
    const gone = await client.query('DELETE FROM oet_run WHERE uid = ANY ($1)', [uids]);
    for (const uid of uids) this.#live.delete(uid);
    if (eventsBefore > 0) await client.query('DELETE FROM oet_entry WHERE uid IS NULL AND t < $1', [eventsBefore]);
    return { value: gone.rowCount ?? 0 };
  }

  /** `work` ends with COMMIT. A connection on which anything failed is not used again. */
  async #inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    // What breaks a connection between two statements is told here and by the next statement.
    const ignore = (): void => undefined;
    client.on('error', ignore);
    let failure: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(failure);
    }
  }

  /** The latest used last. */
  #remember(lives: ReadonlyMap<string, Live>): void {
    for (const [uid, live] of lives) {
      this.#live.delete(uid);
      this.#live.set(uid, live);
    }
    for (const uid of this.#live.keys()) {
      if (this.#live.size <= MAX_LIVE) return;
      this.#live.delete(uid);
    }
  }
}

function parametersOf(written: Written, lastId: number, channel: string): unknown[] {
  const { entries, outputs, notes, executions, runs } = written;
  const records = [...runs].map(({ record }) => {
    record.revision++;
    return { ...record, history: JSON.stringify(record.history) };
  });
  return [
    ...[entries, outputs].map((rows) => JSON.stringify(rows)),
    dataOf(written),
    ...[notes, executions, records].map((rows) => JSON.stringify(rows)),
    ...[lastId, channel, String(lastId)],
  ];
}
