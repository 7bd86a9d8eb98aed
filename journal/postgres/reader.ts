import { Buffer, isUtf8 } from 'node:buffer';
import type { Pool, QueryResultRow } from 'pg';
import { losslessParse } from '../lossless.ts';
import { runOf } from '../shared/record.ts';
import type { Columns } from '../shared/record.ts';
import type { JournalReader, OutputChunk, Row, Run, RunFilter, StreamName } from '../types.ts';
import { explained } from './failures.ts';
import { patiently } from './patience.ts';

/** Bytes in one answer of `rows`, about, and rows in one of `output`: what the server looks at at a time. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_CHUNKS = 1000;

type Value = string | number;

interface FoundRow extends QueryResultRow {
  readonly id: number;
  readonly uid: string | null;
  readonly namespace: string;
  readonly t: number;
  readonly k: string | null;
  readonly body: string | null;
  readonly s: number | null;
  readonly gap: number | null;
  readonly data: Buffer | null;
}

/** The queries. Each is one statement, so that it sees one state of the tables. */
export class Reader {
  readonly #pool: Pool;
  readonly #place: string;
  readonly #patienceMs: number;

  /** `patienceMs`: how long a query waits for a database that is away. */
  constructor(pool: Pool, place: string, patienceMs: number) {
    this.#pool = pool;
    this.#place = place;
    this.#patienceMs = patienceMs;
  }

  async run(uid: string): Promise<Run | undefined> {
    return optional(await this.#query<Columns>('SELECT * FROM oet_run WHERE uid = $1', [uid]));
  }

  async runById(namespace: string, id: number): Promise<Run | undefined> {
    return optional(
      await this.#query<Columns>('SELECT * FROM oet_run WHERE namespace = $1 AND id = $2', [namespace, id]),
    );
  }

  async runs(namespace: string, filter: RunFilter): Promise<Run[]> {
    const { includeDeleted, unfinished, finishedBefore, limit } = filter;
    const { place, values } = placeholders(namespace);
    const alive = includeDeleted === true ? '' : ' AND NOT deleted';
    const going = unfinished === true ? ' AND finished IS NULL' : '';
    const old = finishedBefore === undefined ? '' : ` AND finished < ${place(finishedBefore)}`;
    const most = limit === undefined ? '' : ` LIMIT ${place(limit)}`;
    const sql = `SELECT * FROM oet_run WHERE namespace = $1${alive}${going}${old} ORDER BY created, id${most}`;
    return (await this.#query<Columns>(sql, values)).map(runOf);
  }

  async rows(after: number, options: Parameters<JournalReader['rows']>[1]): Promise<Row[]> {
    const { limit, namespace, uid } = options;
    const { place, values } = placeholders(after, limit);
    const only = [
      ...(namespace === undefined ? [] : [` AND namespace = ${place(namespace)}`]),
      ...(uid === undefined ? [] : [` AND uid = ${place(uid)}`]),
    ].join('');
    const page = (columns: string, table: string): string =>
      `(SELECT ${columns} FROM ${table} WHERE id > $1${only} ORDER BY id LIMIT $2)`;
    const entries = page(
      'id, uid, namespace, t, k, body, NULL::smallint AS s, NULL::bigint AS gap, NULL::bytea AS data, octet_length(body) AS size',
      'oet_entry',
    );
    const output = page('id, uid, namespace, t, NULL, NULL, s, gap, data, octet_length(data)', 'oet_output');
    // As far as the bytes reach: the sum before a row is that of all rows before it, of both tables.
    const sql = `SELECT id, uid, namespace, t, k, body, s, gap, data FROM (
        SELECT *, sum(size) OVER (ORDER BY id) - size AS before
        FROM (${options.output === true ? `${entries} UNION ALL ${output}` : entries}) AS found
      ) AS summed WHERE before < ${MAX_BYTES} ORDER BY id LIMIT $2`;
    return (await this.#query<FoundRow>(sql, values)).map(rowOf);
  }

  async output(uid: string, after: number, options: Parameters<JournalReader['output']>[2]): Promise<OutputChunk[]> {
    const { maxBytes, stream } = options;
    const { place, values } = placeholders(uid, after, maxBytes);
    const only = stream === undefined ? '' : ` AND s = ${place(stream === 'stdout' ? 1 : 2)}`;
    const sql = `SELECT id, s, gap, data FROM (
        SELECT *, sum(octet_length(data)) OVER (ORDER BY id) AS total, row_number() OVER (ORDER BY id) AS place
        FROM (
          SELECT id, s, gap, data FROM oet_output WHERE uid = $1 AND id > $2${only} ORDER BY id LIMIT ${MAX_CHUNKS}
        ) AS found
      ) AS summed WHERE total <= $3 OR place = 1 ORDER BY id`;
    const found = await this.#query<FoundRow & { readonly data: Buffer }>(sql, values);
    return found.map(({ id, s, gap, data }) => ({ id, s: streamOf(s), data, ...(gap !== null && { gap }) }));
  }

  async lastId(): Promise<number> {
    return (await this.#query<{ last: number }>('SELECT last FROM oet_counter', []))[0]?.last ?? 0;
  }

  async #query<R extends QueryResultRow>(sql: string, values: readonly Value[]): Promise<R[]> {
    try {
      const read = async (): Promise<R[]> => (await this.#pool.query<R>(sql, [...values])).rows;
      return await patiently(read, { ms: this.#patienceMs });
    } catch (error) {
      throw explained(error, this.#place);
    }
  }
}

/** Values of a statement, and the name that the next one gets in its text. */
function placeholders(...values: Value[]): { values: Value[]; place: (value: Value) => string } {
  return { values, place: (value) => `$${values.push(value)}` };
}

function optional([row]: readonly Columns[]): Run | undefined {
  return row === undefined ? undefined : runOf(row);
}

function rowOf({ id, uid, namespace, t, k, body, s, gap, data }: FoundRow): Row {
  const common = { id, uid, namespace, t };
  if (k !== null) return { ...common, k, body: losslessParse(body ?? '') as Row['body'] };
  const stream = streamOf(s);
  if (gap !== null) return { ...common, k: 'gap', body: { s: stream, bytes: gap } };
  const bytes = data ?? Buffer.alloc(0);
  const text = isUtf8(bytes) ? { d: bytes.toString() } : { b: bytes.toString('base64') };
  return { ...common, k: 'out', body: { s: stream, ...text } };
}

function streamOf(code: number | null): StreamName {
  return code === 1 ? 'stdout' : 'stderr';
}
