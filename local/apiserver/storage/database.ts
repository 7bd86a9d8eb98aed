import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Where objects outlive the process. */
export interface Database {
  load(): { resourceVersion: number; objects: { gvr: string; json: string }[] };
  put(gvr: string, key: string, json: string, resourceVersion: number): void;
  remove(gvr: string, key: string, resourceVersion: number): void;
  close(): void;
}

/**
 * `objects.sqlite` in the folder: one row per object. Writes reach the operating system before they return and so
 * survive a kill of the process, not a power cut (`synchronous=OFF`): this is a cluster for a laptop.
 */
export function openDatabase(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dataDir, 'objects.sqlite'));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS objects (gvr TEXT NOT NULL, key TEXT NOT NULL, rv INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (gvr, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY CHECK (id = 1), rv INTEGER NOT NULL);
    INSERT OR IGNORE INTO version VALUES (1, 0);`);
  const put = db.prepare('INSERT OR REPLACE INTO objects (gvr, key, rv, json) VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM objects WHERE gvr = ? AND key = ?');
  const advance = db.prepare('UPDATE version SET rv = ?');

  function atomically(write: () => void, resourceVersion: number): void {
    db.exec('BEGIN');
    try {
      write();
      advance.run(resourceVersion);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    load() {
      const version = db.prepare('SELECT rv FROM version').get();
      const rows = db.prepare('SELECT gvr, json FROM objects ORDER BY rv').all();
      return {
        resourceVersion: Number(version?.['rv'] ?? 0),
        objects: rows.map((row) => ({ gvr: String(row['gvr']), json: String(row['json']) })),
      };
    },
    put: (gvr, key, json, rv) => {
      atomically(() => put.run(gvr, key, rv, json), rv);
    },
    remove: (gvr, key, rv) => {
      atomically(() => remove.run(gvr, key), rv);
    },
    close: () => {
      db.close();
    },
  };
}
