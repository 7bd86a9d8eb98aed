import { escapeLiteral } from 'pg';
import type { PoolClient, QueryResult } from 'pg';
import type { Op } from '../shared/ops.ts';
import { recordOf } from '../shared/record.ts';
import type { Columns, Live, RunRecord } from '../shared/record.ts';
import { freshHashes, idKey, pair } from './batch.ts';
import type { Known } from './batch.ts';

/** Milliseconds that others wait at most for a process that froze within its commit. */
const IDLE = 10_000;
/** Rows read at a time for a sum; each is at most 128 KiB. */
const SUM_ROWS = 32;

/**
 * Begins a transaction, locks out other writers, and reads all that these operations need to know: one round trip, so literals
 * and no parameters. `remembered` are the runs as an earlier commit left them; those of another revision are read again.
 */
export async function lockAndLook(
  client: PoolClient,
  namespace: string,
  ops: readonly Op[],
  remembered: ReadonlyMap<string, Live>,
): Promise<Known> {
  const uids = unique(ops.flatMap(uidsOf));
  const known = uids.flatMap((uid) => {
    const live = remembered.get(uid);
    return live === undefined ? [] : [[uid, live.record.revision] as const];
  });
  const opened = ops.flatMap((op) => (op.op === 'open' ? [op.run] : []));
  const claimed = ops.flatMap((op) => (op.op === 'key' ? [op] : []));
  const noted = ops.flatMap((op) => (op.op === 'append' ? op.notes.map(({ key }) => [op.uid, key] as const) : []));
  const runs = `FROM oet_run WHERE uid IN (${list(uids.map(text))})`;
  const sql = [
    // Whoever asked for synchronous_commit = off asked for loss: what is acknowledged here leaves its runner.
    `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${IDLE}`,
    `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`,
    `SELECT last FROM oet_counter FOR UPDATE`,
    `SELECT epoch FROM oet_turn WHERE namespace = ${text(namespace)}`,
    `SELECT uid, revision ${runs}`,
    `SELECT * ${runs}${known.length === 0 ? '' : ` AND (uid, revision) NOT IN (${list(known.map(([uid, revision]) => `(${text(uid)}, ${revision})`))})`}`,
    `SELECT namespace, id, uid FROM oet_run WHERE (namespace, id) IN (${list(
      opened.map((run) => `(${text(run.namespace)}, ${integer(run.id)})`),
      '(NULL, NULL)',
    )})`,
    `SELECT namespace, key, uid FROM oet_execution WHERE (namespace, key) IN (${list(
      claimed.map((op) => `(${text(op.namespace)}, ${text(op.key)})`),
      '(NULL, NULL)',
    )})`,
    `SELECT uid, key FROM oet_note WHERE (uid, key) IN (${list(
      noted.map(([uid, key]) => `(${text(uid)}, ${text(key)})`),
      '(NULL, NULL)',
    )})`,
  ].join(';\n');
  const results = (await client.query(sql)) as unknown as QueryResult<Record<string, unknown>>[];
  const rowsOf = (index: number): Record<string, unknown>[] => results.at(index)?.rows ?? [];
  return {
    last: Number(rowsOf(-7)[0]?.last),
    epoch: Number(rowsOf(-6)[0]?.epoch ?? -1),
    lives: livesOf(rowsOf(-5), rowsOf(-4), remembered),
    ids: new Map(rowsOf(-3).map((row) => [idKey(String(row.namespace), Number(row.id)), String(row.uid)])),
    executions: new Map(rowsOf(-2).map((row) => [pair(String(row.namespace), String(row.key)), String(row.uid)])),
    notes: new Set(rowsOf(-1).map((row) => pair(String(row.uid), String(row.key)))),
    sums: new Map(),
  };
}

/** Fills in the sums that these operations will ask for: of runs that end here and began in another process. */
export async function lookUpSums(client: PoolClient, ops: readonly Op[], { lives, sums }: Known): Promise<void> {
  const ending = ops.flatMap((op) => (op.op === 'append' && op.entries.some(([, , k]) => k === 'end') ? [op.uid] : []));
  for (const uid of unique(ending)) {
    if (lives.get(uid)?.hashes !== null) continue;
    const hashes = freshHashes();
    for (let after = 0; ;) {
      const { rows } = await client.query<{ id: number; s: number; data: Uint8Array }>(
        'SELECT id, s, data FROM oet_output WHERE uid = $1 AND id > $2 ORDER BY id LIMIT $3',
        [uid, after, SUM_ROWS],
      );
      for (const { s, data } of rows) (s === 1 ? hashes.stdout : hashes.stderr).update(data);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    sums.set(uid, hashes);
  }
}

function livesOf(
  present: readonly Record<string, unknown>[],
  changed: readonly Columns[],
  remembered: ReadonlyMap<string, Live>,
): Map<string, Live> {
  const lives = new Map<string, Live>();
  for (const row of present) {
    const uid = String(row.uid);
    const live = remembered.get(uid);
    if (live !== undefined) lives.set(uid, live);
  }
  for (const row of changed) {
    const record: RunRecord = recordOf(row);
    const hashes = record.high === 0 ? freshHashes() : null;
    lives.set(record.uid, { record, seen: record.high, hashes });
  }
  return lives;
}

function uidsOf(op: Op): string[] {
  switch (op.op) {
    case 'open':
      return [op.run.uid];
    case 'append':
    case 'info':
    case 'finish':
    case 'delete':
      return [op.uid];
    case 'key':
    case 'publish':
    case 'prune':
      return [];
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function list(literals: readonly string[], none = 'NULL'): string {
  return literals.length === 0 ? none : literals.join(', ');
}

function text(value: string): string {
  return escapeLiteral(value);
}

/** Throws TypeError for what is no integer: it goes into the statement as it is. */
function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is no integer`);
  return String(value);
}
