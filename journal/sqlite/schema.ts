import { DatabaseSync } from 'node:sqlite';
import { Unusable } from '../errors.ts';
import { inTransaction, untilFree } from './locking.ts';

/**
 * The schema as it grew: migration i takes version i to i + 1. Published ones are never edited.
 *
 * `counter.last` is the newest global id. It is advanced in the transaction that uses it, so ids grow in commit order over all
 * writing processes, and none is given twice, whatever is deleted. Rows of output lie in a table of their own: who pages through
 * events reads past no output.
 */
const MIGRATIONS = [
  `
  CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL, epoch INTEGER NOT NULL);
  INSERT INTO counter VALUES (1, 0, 0);
  CREATE TABLE run (
    uid TEXT PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, id INTEGER NOT NULL, created INTEGER NOT NULL, info TEXT NOT NULL,
    state TEXT NOT NULL, history TEXT NOT NULL, failure TEXT, result TEXT, progress TEXT, "end" TEXT, finished INTEGER, verdict TEXT,
    high INTEGER NOT NULL, stdout INTEGER NOT NULL, stderr INTEGER NOT NULL,
    complete INTEGER NOT NULL, deleted INTEGER NOT NULL, revision INTEGER NOT NULL,
    UNIQUE (namespace, id)
  ) STRICT;
  CREATE INDEX run_finished ON run (namespace, finished);
  CREATE TABLE note (uid TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (uid, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE entry (
    id INTEGER PRIMARY KEY, uid TEXT, namespace TEXT NOT NULL, t INTEGER NOT NULL, k TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entry_uid ON entry (uid, id);
  CREATE TABLE output (
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL, namespace TEXT NOT NULL, t INTEGER NOT NULL, s INTEGER NOT NULL, gap INTEGER, data BLOB NOT NULL
  ) STRICT;
  CREATE INDEX output_uid ON output (uid, id);
  `,
  // Which run used an execution key. Rows outlive their runs.
  `
  CREATE TABLE execution (
    namespace TEXT NOT NULL, key TEXT NOT NULL, uid TEXT NOT NULL, t INTEGER NOT NULL, PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Bytes. It holds for new files only: 20 % faster than 4 KiB with rows of 128 KiB, no slower with small ones. */
export const PAGE_SIZE = 8192;

/** Opens the file for one thread, makes or migrates the schema if `writable`. Throws Unusable for a newer schema. */
export function openDatabase(path: string, options: { writable: boolean; busyTimeoutMs: number }): DatabaseSync {
  const { writable, busyTimeoutMs } = options;
  const db = new DatabaseSync(path, { readOnly: !writable, timeout: busyTimeoutMs });
  try {
    if (writable) {
      untilFree(() => db.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL`), busyTimeoutMs);
      // FULL: what is acknowledged to a runner leaves its spool, so a power cut must not take it. It costs 0.1 ms here.
      // Checkpoints are made between commits (see worker.ts).
      db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 33554432');
      migrate(db, busyTimeoutMs);
      // From here on a lock is waited for by untilFree.
      db.exec('PRAGMA busy_timeout = 0');
    } else if (version(db) !== MIGRATIONS.length) {
      throw new Unusable(`${path} has schema version ${version(db)}, this reader knows ${MIGRATIONS.length}`);
    }
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function migrate(db: DatabaseSync, busyTimeoutMs: number): void {
  if (version(db) === MIGRATIONS.length) return;
  inTransaction(db, busyTimeoutMs, () => {
    const found = version(db);
    if (found > MIGRATIONS.length) {
      throw new Unusable(
        `the store has schema version ${found}, newer than ${MIGRATIONS.length}, which this program knows`,
      );
    }
    if (found === 0)
      db.exec('CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL) STRICT');
    const applied = db.prepare('INSERT INTO schema_version VALUES (?, ?)');
    for (const [index, migration] of MIGRATIONS.slice(found).entries()) {
      db.exec(migration);
      applied.run(found + index + 1, Date.now() * 1000);
    }
  });
}

function version(db: DatabaseSync): number {
  if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'`).get() === undefined) return 0;
  return Number(db.prepare('SELECT max(version) AS version FROM schema_version').get()?.version);
}
