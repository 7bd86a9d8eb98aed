import type { DatabaseSync } from 'node:sqlite';
import { sizeOf } from '../shared/ops.ts';
import { PAGE_SIZE } from './schema.ts';
import type { Op } from '../shared/ops.ts';

/** Bytes of the write-ahead log that are worth a checkpoint (about 5 ms here); with less it waits for a quiet moment. */
const ENOUGH = 4 * 1024 * 1024;
/** Bytes of log that are not let grow further without a fight, and the milliseconds that it may take. */
const TOO_MUCH = 32 * 1024 * 1024;
const PATIENCE = 100;
/** Milliseconds without a commit. */
const QUIET = 250;
/** Bytes of log per row beside its own: the pages of indexes and records. */
const OVERHEAD = 32 * 1024;

/** Copies the write-ahead log into the database between commits, so that no commit has to. */
export class Checkpoints {
  readonly #db: DatabaseSync;
  readonly #onError: (error: unknown) => void;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `onError`: a checkpoint failed (disk full). What it was to copy stays in the log, and is safe. */
  constructor(db: DatabaseSync, onError: (error: unknown) => void) {
    this.#db = db;
    this.#onError = onError;
  }

  wrote(ops: readonly Op[]): void {
    this.#bytes += ops.reduce((sum, op) => sum + sizeOf(op), OVERHEAD);
    if (this.#bytes >= ENOUGH) {
      this.#checkpoint();
    } else {
      this.#timer ??= setTimeout(() => this.#checkpoint(), QUIET);
      this.#timer.refresh();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #checkpoint(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#bytes = 0;
    // Passive: what a reader still needs stays in the log until the next one. Never waits for a lock.
    try {
      const log = this.#db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()?.log;
      if (Number(log) * PAGE_SIZE < TOO_MUCH) return;
      // Readers that follow one another closely keep the log from beginning anew: wait for a moment without one.
      this.#db.exec(`PRAGMA busy_timeout = ${PATIENCE}; PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = 0`);
    } catch (error) {
      this.#onError(error);
    }
  }
}
