import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { Fenced, IdTaken, JournalError, UnknownRun } from '../errors.ts';
import { applyAppend, applyInfo, applyVerdict } from '../shared/apply.ts';
import type { NewRow } from '../shared/apply.ts';
import type { AppendOp, Op, Outcome } from '../shared/ops.ts';
import type { Live, RunRecord } from '../shared/record.ts';

/** An operation's outcome within a commit: its own error does not touch the others. */
export type Done = { readonly value: Outcome } | { readonly error: JournalError };

/** What is in the database and a commit has to know, as of its lock. */
export interface Known {
  /** The newest id. */
  readonly last: number;
  /** The newest turn of this writer's namespace; -1 if there was none. */
  readonly epoch: number;
  readonly lives: Map<string, Live>;
  /** Uid of who has an id, by `idKey`; and of who has an execution key, by `pair`. */
  readonly ids: Map<string, string>;
  readonly executions: Map<string, string>;
  /** Notes that are stored, by `pair`. */
  readonly notes: Set<string>;
  /** Sums of what is stored of runs whose output began in another process, where an `end` asks for them. */
  readonly sums: Map<string, { readonly stdout: Hash; readonly stderr: Hash }>;
}

/** Rows to be written, in the columns of the tables. */
export interface Written {
  readonly entries: { id: number; uid: string | null; namespace: string; t: number; k: string; body: string }[];
  /** `start` and `size` say where the bytes lie in `data`, from 1. */
  readonly outputs: {
    id: number;
    uid: string;
    namespace: string;
    t: number;
    s: 1 | 2;
    gap: number | null;
    start: number;
    size: number;
  }[];
  readonly data: Uint8Array[];
  readonly notes: { uid: string; key: string }[];
  readonly executions: { namespace: string; key: string; uid: string; t: number }[];
  readonly runs: Set<Live>;
}

export function pair(one: string, other: string): string {
  return JSON.stringify([one, other]);
}

export function idKey(namespace: string, id: number): string {
  return pair(namespace, String(id));
}

/** Applies operations in memory, from what is known of the database to what is to be written. Pure but for the records it changes. */
export class Batch {
  readonly written: Written = { entries: [], outputs: [], data: [], notes: [], executions: [], runs: new Set() };
  readonly #known: Known;
  readonly #epoch: number | undefined;
  readonly #stored = new Map<string, NewRow[]>();
  #last: number;
  #bytes = 0;

  /** `epoch`: the writer's own turn, if it has one. */
  constructor(known: Known, epoch: number | undefined) {
    this.#known = known;
    this.#epoch = epoch;
    this.#last = known.last;
  }

  /** The newest id, with what is to be written. */
  get lastId(): number {
    return this.#last;
  }

  /** Throws what is no JournalError: a fault. `prune` is not for this. */
  attempt(op: Op): Done {
    try {
      this.refuseStale(op);
      return { value: this.#apply(op) };
    } catch (error) {
      if (error instanceof JournalError) return { error };
      throw error;
    }
  }

  /** Throws Fenced if another turn has begun. The API's events have none. */
  refuseStale(op: Op): void {
    const { epoch } = this.#known;
    if (this.#epoch !== undefined && op.op !== 'publish' && this.#epoch < epoch) throw new Fenced(this.#epoch, epoch);
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
        this.written.runs.add(live);
        return undefined;
      }
      case 'finish': {
        const live = this.#get(op.uid);
        const rows = applyVerdict(live.record, op.verdict);
        this.#store(live.record, rows);
        if (rows.length > 0) this.written.runs.add(live);
        return { high: live.record.high, lastId: this.#last };
      }
      case 'delete': {
        const live = this.#get(op.uid);
        live.record.deleted = true;
        this.written.runs.add(live);
        return undefined;
      }
      case 'key':
        return this.#claim(op.namespace, op.key, op.uid, op.t);
      case 'publish':
        for (const [uid, body] of op.events) this.#entry(uid, op.namespace, op.t, 'event', body);
        return this.#last;
      case 'prune':
        throw new TypeError('to prune is a commit of its own');
    }
  }

  #append(op: AppendOp): Outcome {
    const { uid } = op;
    const live = this.#get(uid);
    const rows = applyAppend(live, op, {
      claimNote: (key) => this.#claimNote(uid, key),
      storedSums: (pending) => this.#sums(uid, pending),
    });
    this.#store(live.record, rows);
    this.written.runs.add(live);
    return { high: live.record.high, lastId: this.#last };
  }

  #open(run: Pick<RunRecord, 'uid' | 'namespace' | 'name' | 'id' | 'created'>, info: string): void {
    const { uid, namespace, name, id, created } = run;
    const { lives, ids } = this.#known;
    if (lives.has(uid)) return;
    const holder = ids.get(idKey(namespace, id));
    if (holder !== undefined) throw new IdTaken(namespace, id, holder);
    ids.set(idKey(namespace, id), uid);
    const live: Live = {
      record: {
        ...{ uid, namespace, name, id, created, info, state: 'CREATING', history: [['CREATING', created]] },
        ...{ failure: null, result: null, progress: null, end: null, finished: null, verdict: null },
        ...{ high: 0, stdout: 0, stderr: 0, complete: false, deleted: false, revision: 0 },
      },
      seen: 0,
      hashes: freshHashes(),
    };
    lives.set(uid, live);
    this.written.runs.add(live);
    this.#claimNote(uid, 'state:CREATING');
    this.#entry(uid, namespace, created, 'state', '{"state":"CREATING"}');
  }

  #claim(namespace: string, key: string, uid: string, t: number): string {
    const { executions } = this.#known;
    const holder = executions.get(pair(namespace, key));
    if (holder !== undefined) return holder;
    executions.set(pair(namespace, key), uid);
    this.written.executions.push({ namespace, key, uid, t });
    return uid;
  }

  #claimNote(uid: string, key: string): boolean {
    const { notes } = this.#known;
    if (notes.has(pair(uid, key))) return false;
    notes.add(pair(uid, key));
    this.written.notes.push({ uid, key });
    return true;
  }

  #get(uid: string): Live {
    const live = this.#known.lives.get(uid);
    if (live === undefined) throw new UnknownRun(uid);
    return live;
  }

  /** Of what is in the database, of what earlier operations of this commit add, and of what this one does. */
  #sums(uid: string, pending: readonly NewRow[]): { stdout: string; stderr: string } {
    const hashes = this.#known.sums.get(uid) ?? freshHashes();
    for (const row of [...(this.#stored.get(uid) ?? []), ...pending]) if ('s' in row) hashes[row.s].update(row.data);
    return { stdout: hashes.stdout.digest('hex'), stderr: hashes.stderr.digest('hex') };
  }

  #store({ uid, namespace }: RunRecord, rows: readonly NewRow[]): void {
    const stored = this.#stored.get(uid) ?? [];
    this.#stored.set(uid, stored);
    for (const row of rows) {
      stored.push(row);
      if ('k' in row) {
        this.#entry(uid, namespace, row.t, row.k, row.body);
        continue;
      }
      const { t, gap, data } = row;
      const [s, start, size] = [row.s === 'stdout' ? 1 : 2, this.#bytes + 1, data.length] as const;
      this.written.outputs.push({ id: ++this.#last, uid, namespace, t, s, gap, start, size });
      this.written.data.push(data);
      this.#bytes += size;
    }
  }

  #entry(uid: string | null, namespace: string, t: number, k: string, body: string): void {
    this.written.entries.push({ id: ++this.#last, uid, namespace, t, k, body });
  }
}

/** The bytes of all rows of output, as one parameter of a statement. */
export function dataOf({ data }: Written): Buffer {
  return data.length === 1 && data[0] !== undefined ? asBuffer(data[0]) : Buffer.concat(data);
}

export function freshHashes(): { readonly stdout: Hash; readonly stderr: Hash } {
  return { stdout: createHash('sha256'), stderr: createHash('sha256') };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
