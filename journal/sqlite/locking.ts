import type { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;
/** Milliseconds. SQLite's own handler soon sleeps for 25 and more, in which another writer gets in many times. */
const STEP = 0.25;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}

/** Runs a statement until no other connection is in its way; blocks this thread. Throws SQLite's error after `timeoutMs`. */
export function untilFree<T>(statement: () => T, timeoutMs: number): T {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return statement();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      pause(STEP);
    }
  }
}

/** Runs `work` in a write transaction: all of it is stored, or nothing. */
export function inTransaction<T>(db: DatabaseSync, timeoutMs: number, work: () => T): T {
  untilFree(() => db.exec('BEGIN IMMEDIATE'), timeoutMs);
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    // SQLite has rolled back by itself after some errors (disk full).
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}
