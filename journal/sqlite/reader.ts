import { Buffer, isUtf8 } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { losslessParse } from '../lossless.ts';
import type { JournalReader, OutputChunk, Row, Run, RunFilter, StreamName } from '../types.ts';
import { runOf } from '../shared/record.ts';
import type { Columns } from '../shared/record.ts';

/** Bytes in one answer of `rows`, about. */
const MAX_BYTES = 4 * 1024 * 1024;

type RowsOptions = Parameters<JournalReader['rows']>[1];
type OutputOptions = Parameters<JournalReader['output']>[2];
type Value = string | number;
/** `end`: the id up to which these are all. */
interface Page {
  readonly rows: Row[];
  readonly end: number;
}

/** The queries, synchronous: each is a few pages of a file that is mostly in memory. */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  run(uid: string): Run | undefined {
    return optional(this.#statement('SELECT * FROM run WHERE uid = ?').get(uid));
  }

  runById(namespace: string, id: number): Run | undefined {
    return optional(this.#statement('SELECT * FROM run WHERE namespace = ? AND id = ?').get(namespace, id));
  }

  runs(namespace: string, filter: RunFilter): Run[] {
    const { includeDeleted, unfinished, finishedBefore, limit = -1 } = filter;
    const alive = includeDeleted === true ? '' : ' AND deleted = 0';
    const going = unfinished === true ? ' AND finished IS NULL' : '';
    const old = finishedBefore === undefined ? '' : ' AND finished < ?';
    return this.#statement(`SELECT * FROM run WHERE namespace = ?${alive}${going}${old} ORDER BY created, id LIMIT ?`)
      .all(namespace, ...(finishedBefore === undefined ? [] : [finishedBefore]), limit)
      .map(runOf);
  }

  rows(after: number, options: RowsOptions): Row[] {
    const { limit, namespace, uid } = options;
    const where = `id > ?${namespace === undefined ? '' : ' AND namespace = ?'}${uid === undefined ? '' : ' AND uid = ?'}`;
    const values: Value[] = [after, ...[namespace, uid].filter((each) => each !== undefined), limit];
    const entries = (): Page =>
      this.#page(
        `SELECT id, uid, namespace, t, k, body FROM entry WHERE ${where} ORDER BY id LIMIT ?`,
        values,
        entryRow,
        'body',
      );
    if (options.output !== true) return entries().rows;

    // One snapshot for both tables: else a row of the first that is committed between the queries would be passed over.
    this.#db.exec('BEGIN');
    try {
      const sql = `SELECT id, uid, namespace, t, s, gap, data FROM output WHERE ${where} ORDER BY id LIMIT ?`;
      const pages = [entries(), this.#page(sql, values, outputRow, 'data')];
      // Behind where one was broken off there may be more of it.
      const end = Math.min(...pages.map((page) => page.end));
      const all = pages.flatMap((page) => page.rows.filter(({ id }) => id <= end));
      return all.sort((one, other) => one.id - other.id).slice(0, limit);
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  output(uid: string, after: number, options: OutputOptions): OutputChunk[] {
    const { maxBytes, stream } = options;
    const chunks: OutputChunk[] = [];
    let bytes = 0;
    const found = this.#statement(
      `SELECT id, s, gap, data FROM output WHERE uid = ? AND id > ?${stream === undefined ? '' : ' AND s = ?'} ORDER BY id`,
    ).iterate(uid, after, ...(stream === undefined ? [] : [stream === 'stdout' ? 1 : 2]));
    for (const columns of found) {
      const data = bufferOf(columns.data);
      if (chunks.length > 0 && bytes + data.length > maxBytes) break;
      const gap = columns.gap === null ? {} : { gap: Number(columns.gap) };
      chunks.push({ id: Number(columns.id), s: streamOf(columns.s), data, ...gap });
      bytes += data.length;
    }
    return chunks;
  }

  lastId(): number {
    return Number(this.#statement('SELECT last FROM counter').get()?.last);
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): number {
    return Number(this.#statement('PRAGMA data_version').get()?.data_version);
  }

  close(): void {
    this.#db.close();
  }

  #page(sql: string, values: readonly Value[], rowOf: (columns: Columns) => Row, payload: 'body' | 'data'): Page {
    const rows: Row[] = [];
    let bytes = 0;
    for (const columns of this.#statement(sql).iterate(...values)) {
      const row = rowOf(columns);
      rows.push(row);
      bytes += (columns[payload] as string | Uint8Array).length;
      if (bytes >= MAX_BYTES) return { rows, end: row.id };
    }
    return { rows, end: Infinity };
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

function optional(row: Columns | undefined): Run | undefined {
  return row === undefined ? undefined : runOf(row);
}

function entryRow(columns: Columns): Row {
  const { id, uid, namespace, t, k, body } = columns as unknown as Omit<Row, 'body'> & { body: string };
  return { id, uid, namespace, t, k, body: losslessParse(body) as Row['body'] };
}

function outputRow(columns: Columns): Row {
  const { id, uid, namespace, t, gap } = columns as unknown as Omit<Row, 'body'> & { gap: number | null };
  const s = streamOf(columns.s);
  if (gap !== null) return { id, uid, namespace, t, k: 'gap', body: { s, bytes: gap } };
  const data = bufferOf(columns.data);
  return {
    id,
    uid,
    namespace,
    t,
    k: 'out',
    body: isUtf8(data) ? { s, d: data.toString() } : { s, b: data.toString('base64') },
  };
}

function streamOf(code: unknown): StreamName {
  return code === 1 ? 'stdout' : 'stderr';
}

function bufferOf(data: unknown): Buffer {
  const { buffer, byteOffset, length } = data as Uint8Array;
  return Buffer.from(buffer, byteOffset, length);
}
