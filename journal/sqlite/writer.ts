import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fenced, IdTaken, JournalError, UnknownRun } from '../errors.ts';
import { applyAppend, applyInfo, applyVerdict } from '../shared/apply.ts';
import type { NewRow } from '../shared/apply.ts';
import { inTransaction } from './locking.ts';
import type { AppendOp, Op, Outcome } from '../shared/ops.ts';
import { recordOf } from '../shared/record.ts';
import type { Live, RunRecord } from '../shared/record.ts';

export interface WriterOptions {
  readonly busyTimeoutMs: number;
  /** The operator's turn; undefined writes without one. */
  readonly epoch: number | undefined;
}

/** An operation's outcome within a commit: its own error does not touch the others. */
export type Done = { readonly value: Outcome } | { readonly error: unknown };

const STREAM_CODE = { stdout: 1, stderr: 2 } as const;
/** Runs remembered between commits; more are read again from the file. */
const MAX_LIVE = 4096;

const SAVE = `UPDATE run SET info = ?, state = ?, history = ?, failure = ?, result = ?, progress = ?, "end" = ?, finished = ?, verdict = ?, high = ?,
  stdout = ?, stderr = ?, complete = ?, deleted = ?, revision = ? WHERE uid = ?`;

/** Applies operations to the database, several per transaction. Synchronous: it lives in a thread of its own. */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #options: WriterOptions;
  readonly #statements = new Map<string, StatementSync>();
  #live = new Map<string, Live>();
  #dirty = new Set<Live>();
  #last = 0;
  #epoch = 0;

  constructor(db: DatabaseSync, options: WriterOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Takes the turn. Throws Fenced if a later one has begun. */
  takeTurn(): void {
    const { epoch } = this.#options;
    if (epoch === undefined) return;
    inTransaction(this.#db, this.#options.busyTimeoutMs, () => {
      this.#readCounter();
      if (this.#epoch > epoch) throw new Fenced(epoch, this.#epoch);
      this.#run('UPDATE counter SET epoch = ?', epoch);
    });
  }

  /** Stores all operations in one transaction. Throws the database's error if that fails as a whole; then nothing is stored. */
  commit(ops: readonly Op[]): { readonly lastId: number; readonly done: readonly Done[] } {
    try {
      return inTransaction(this.#db, this.#options.busyTimeoutMs, () => {
        this.#readCounter();
        const before = this.#last;
        const done = ops.map((op) => this.#attempt(op));
        for (const live of this.#dirty) this.#save(live.record);
        this.#dirty.clear();
        if (this.#last !== before) this.#run('UPDATE counter SET last = ?', this.#last);
        this.#forget();
        return { lastId: this.#last, done };
      });
    } catch (error) {
      // What the records say was not stored.
      this.#live = new Map();
      this.#dirty = new Set();
      throw error;
    }
  }

  #forget(): void {
    for (const uid of this.#live.keys()) {
      if (this.#live.size <= MAX_LIVE) return;
      this.#live.delete(uid);
    }
  }

  #attempt(op: Op): Done {
    try {
      this.#refuseStale(op);
      return { value: this.#apply(op) };
    } catch (error) {
      if (error instanceof JournalError) return { error };
      throw error;
    }
  }

  /** The API's events have no turn. */
  #refuseStale(op: Op): void {
    const { epoch } = this.#options;
    if (epoch !== undefined && op.op !== 'publish' && epoch < this.#epoch) throw new Fenced(epoch, this.#epoch);
  }

  #apply(op: Op): Outcome {
    switch (op.op) {
      case 'append':
        return this.#append(op);
      case 'open':
        this.#open(op.run, op.info);
        return undefined;
      case 'info': {
        const live = this.#get(op.uid);
        applyInfo(live.record, op.info);
        this.#dirty.add(live);
        return undefined;
      }
      case 'finish': {
        const live = this.#get(op.uid);
        const rows = applyVerdict(live.record, op.verdict);
        this.#store(live.record, rows);
        if (rows.length > 0) this.#dirty.add(live);
        return { high: live.record.high, lastId: this.#last };
      }
      case 'delete': {
        const live = this.#get(op.uid);
        live.record.deleted = true;
        this.#dirty.add(live);
        return undefined;
      }
      case 'key': {
        const { namespace, key, uid, t } = op;
        this.#run('INSERT OR IGNORE INTO execution VALUES (?, ?, ?, ?)', namespace, key, uid, t);
        const holder = this.#statement('SELECT uid FROM execution WHERE namespace = ? AND key = ?').get(namespace, key);
        return String(holder?.uid);
      }
      case 'publish':
        for (const [uid, body] of op.events) this.#entry(uid, op.namespace, op.t, 'event', body);
        return this.#last;
      case 'prune':
        return this.#prune(op.uids, op.eventsBefore);
    }
  }

  #append(op: AppendOp): Outcome {
    const live = this.#get(op.uid);
    const rows = applyAppend(live, op, {
      claimNote: (key) => this.#run('INSERT OR IGNORE INTO note VALUES (?, ?)', op.uid, key) === 1,
      storedSums: (pending) => this.#storedSums(op.uid, pending),
    });
    this.#store(live.record, rows);
    this.#dirty.add(live);
    return { high: live.record.high, lastId: this.#last };
  }

  #open(run: Pick<RunRecord, 'uid' | 'namespace' | 'name' | 'id' | 'created'>, info: string): void {
    const { uid, namespace, name, id, created } = run;
    if (this.#find(uid) !== undefined) return;
    const holder = this.#statement('SELECT uid FROM run WHERE namespace = ? AND id = ?').get(namespace, id);
    if (holder !== undefined) throw new IdTaken(namespace, id, String(holder.uid));
    this.#run(
      `INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, 'CREATING', ?, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0)`,
      ...[uid, namespace, name, id, created, info, JSON.stringify([['CREATING', created]])],
    );
    this.#run('INSERT OR IGNORE INTO note VALUES (?, ?)', uid, 'state:CREATING');
    this.#entry(uid, namespace, created, 'state', '{"state":"CREATING"}');
  }

  #prune(uids: readonly string[], eventsBefore: number): number {
    let gone = 0;
    for (const uid of uids) {
      for (const table of ['output', 'entry', 'note']) this.#run(`DELETE FROM ${table} WHERE uid = ?`, uid);
      gone += this.#run('DELETE FROM run WHERE uid = ?', uid);
      this.#live.delete(uid);
    }
    if (eventsBefore > 0) this.#run('DELETE FROM entry WHERE uid IS NULL AND t < ?', eventsBefore);
    return gone;
  }

  #get(uid: string): Live {
    const live = this.#find(uid);
    if (live === undefined) throw new UnknownRun(uid);
    return live;
  }

  /** The run as of this transaction: the remembered one, unless another process has written to it since. */
  #find(uid: string): Live | undefined {
    const known = this.#live.get(uid);
    if (known !== undefined) {
      // The latest used last.
      this.#live.delete(uid);
      this.#live.set(uid, known);
      if (this.#dirty.has(known)) return known;
      const revision = this.#statement('SELECT revision FROM run WHERE uid = ?').get(uid)?.revision;
      if (revision === known.record.revision) return known;
      this.#live.delete(uid);
    }
    const row = this.#statement('SELECT * FROM run WHERE uid = ?').get(uid);
    if (row === undefined) return undefined;
    const record = recordOf(row);
    const hashes = record.high === 0 ? { stdout: createHash('sha256'), stderr: createHash('sha256') } : null;
    const live = { record, seen: record.high, hashes };
    this.#live.set(uid, live);
    return live;
  }

  #store(record: RunRecord, rows: readonly NewRow[]): void {
    for (const row of rows) {
      if ('k' in row) {
        this.#entry(record.uid, record.namespace, row.t, row.k, row.body);
      } else {
        const { t, s, gap, data } = row;
        this.#run(
          'INSERT INTO output VALUES (?, ?, ?, ?, ?, ?, ?)',
          ++this.#last,
          record.uid,
          record.namespace,
          t,
          STREAM_CODE[s],
          gap,
          data,
        );
      }
    }
  }

  #entry(uid: string | null, namespace: string, t: number, k: string, body: string): void {
    this.#run('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)', ++this.#last, uid, namespace, t, k, body);
  }

  #storedSums(uid: string, pending: readonly NewRow[]): { stdout: string; stderr: string } {
    const hashes = { stdout: createHash('sha256'), stderr: createHash('sha256') };
    const rows = this.#statement('SELECT s, data FROM output WHERE uid = ? ORDER BY id').iterate(uid);
    for (const { s, data } of rows)
      (s === STREAM_CODE.stdout ? hashes.stdout : hashes.stderr).update(data as Uint8Array);
    for (const row of pending) if ('s' in row) hashes[row.s].update(row.data);
    return { stdout: hashes.stdout.digest('hex'), stderr: hashes.stderr.digest('hex') };
  }

  #save(r: RunRecord): void {
    r.revision++;
    this.#run(
      SAVE,
      ...[
        r.info,
        r.state,
        JSON.stringify(r.history),
        r.failure,
        r.result,
        r.progress,
        r.end,
        r.finished,
        r.verdict,
        r.high,
      ],
      ...[r.stdout, r.stderr, Number(r.complete), Number(r.deleted), r.revision, r.uid],
    );
  }

  #readCounter(): void {
    const row = this.#statement('SELECT last, epoch FROM counter').get();
    this.#last = Number(row?.last);
    this.#epoch = Number(row?.epoch);
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
