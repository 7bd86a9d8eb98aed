import type { Client, PoolClient } from 'pg';
import { Unusable } from '../errors.ts';

/**
 * The schema as it grew: migration i takes version i to i + 1. Published ones are never edited.
 *
 * `oet_counter.last` is the newest global id. Whoever commits holds the lock of that row until the commit, so ids grow in commit
 * order over all writers, which a sequence would not give. `oet_writer` has the number of each process' last commit, for the case that
 * its answer is lost. (A transaction's own id does not do: one that a crash took away is given again.) `oet_turn` has the operators' epochs, a row per namespace: several
 * releases may share a database. The tables lie in the first schema of the search path.
 */
const MIGRATIONS = [
  `
  CREATE TABLE oet_counter (one boolean PRIMARY KEY CHECK (one), last bigint NOT NULL);
  INSERT INTO oet_counter VALUES (true, 0);
  CREATE TABLE oet_writer (token text PRIMARY KEY, seq bigint NOT NULL, t timestamptz NOT NULL);
  CREATE TABLE oet_turn (namespace text PRIMARY KEY, epoch bigint NOT NULL);
  CREATE TABLE oet_run (
    uid text PRIMARY KEY, namespace text NOT NULL, name text NOT NULL, id bigint NOT NULL, created bigint NOT NULL, info text NOT NULL,
    state text NOT NULL, history text NOT NULL, failure text, result text, progress text, "end" text, finished bigint, verdict text,
    high bigint NOT NULL, stdout bigint NOT NULL, stderr bigint NOT NULL,
    complete boolean NOT NULL, deleted boolean NOT NULL, revision bigint NOT NULL,
    UNIQUE (namespace, id)
  ) WITH (fillfactor = 70);
  CREATE INDEX oet_run_finished ON oet_run (namespace, finished);
  CREATE TABLE oet_note (uid text NOT NULL, key text NOT NULL, PRIMARY KEY (uid, key));
  CREATE TABLE oet_entry (
    id bigint PRIMARY KEY, uid text, namespace text NOT NULL, t bigint NOT NULL, k text NOT NULL, body text NOT NULL
  );
  CREATE INDEX oet_entry_uid ON oet_entry (uid, id);
  CREATE TABLE oet_output (
    id bigint PRIMARY KEY, uid text NOT NULL, namespace text NOT NULL, t bigint NOT NULL, s smallint NOT NULL, gap bigint, data bytea NOT NULL
  );
  CREATE INDEX oet_output_uid ON oet_output (uid, id);
  -- Which run used an execution key. Rows outlive their runs.
  CREATE TABLE oet_execution (
    namespace text NOT NULL, key text NOT NULL, uid text NOT NULL, t bigint NOT NULL, PRIMARY KEY (namespace, key)
  );
  `,
];

/** Of PostgreSQL's advisory locks, which are a database's: "oet" in ASCII. */
const MIGRATION_LOCK = 0x6f6574;
/** The oldest that was tried. */
const OLDEST_SERVER = 130_000;

/** Makes the tables or brings them up to date. Throws Unusable for a newer schema, an old server, or rights that are missing. */
export async function migrate(client: Client | PoolClient): Promise<void> {
  const server = Number(
    (await client.query<{ v: string }>(`SELECT current_setting('server_version_num') AS v`)).rows[0]?.v,
  );
  if (server < OLDEST_SERVER) throw new Unusable('the journal needs PostgreSQL 13 or later');
  if ((await version(client)) !== MIGRATIONS.length) await migrateLocked(client);
  await refuseMissingRights(client);
}

/** For a reader, which makes no tables. Throws Unusable if they are not there in the version that this program knows. */
export async function refuseOtherSchema(client: Client | PoolClient): Promise<void> {
  const found = await version(client);
  if (found !== MIGRATIONS.length)
    throw new Unusable(`the journal has schema version ${found}, this reader knows ${MIGRATIONS.length}`);
}

/**
 * One process at a time. The lock is the session's and not the transaction's: a transaction that began before it was given would
 * look for the tables in a cache from before. What fails leaves the connection to be closed, and with it lock and transaction.
 */
async function migrateLocked(client: Client | PoolClient): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await client.query('BEGIN');
  const found = await version(client);
  if (found > MIGRATIONS.length) {
    throw new Unusable(
      `the journal has schema version ${found}, newer than ${MIGRATIONS.length}, which this program knows`,
    );
  }
  if (found === 0)
    await client.query('CREATE TABLE oet_schema_version (version integer PRIMARY KEY, applied timestamptz NOT NULL)');
  for (const [index, migration] of MIGRATIONS.slice(found).entries()) {
    await client.query(migration);
    await client.query('INSERT INTO oet_schema_version VALUES ($1, now())', [found + index + 1]);
  }
  await client.query('COMMIT');
  await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
}

async function version(client: Client | PoolClient): Promise<number> {
  const there = await client.query<{ name: string | null }>(`SELECT to_regclass('oet_schema_version') AS name`);
  if (there.rows[0]?.name === null) return 0;
  const found = await client.query<{ version: number | null }>(
    'SELECT max(version) AS version FROM oet_schema_version',
  );
  return found.rows[0]?.version ?? 0;
}

const TABLES = ['counter', 'writer', 'turn', 'run', 'note', 'entry', 'output', 'execution'].map(
  (name) => `oet_${name}`,
);

/** At once, and not at the first output of a script. */
async function refuseMissingRights(client: Client | PoolClient): Promise<void> {
  const { rows } = await client.query<{ needed: string }>(
    `SELECT r || ' on ' || t AS needed FROM unnest($1::text[]) AS t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r
     WHERE NOT has_table_privilege(t, r)`,
    [TABLES],
  );
  if (rows.length > 0) throw new Unusable(`the user lacks rights: ${rows.map(({ needed }) => needed).join(', ')}`);
}
