/**
 * Brings accepted entries into the store, batch after batch, and tells when they are there for good. Only what the store
 * has committed is acknowledged. A store that fails is tried again: the runner's spool keeps the rest meanwhile.
 */
import type { Entry, Note } from '../../journal/types.ts';
import type { Clock } from '../../kube/index.ts';
import type { Journal, Log } from './ports.ts';

/** More than this waiting for the store makes the log's reader wait. */
const HIGH_WATER_BYTES = 8 * 1024 * 1024;
const RETRY_MS = [50, 200, 1_000, 5_000] as const;

export class Sink {
  readonly #uid: string;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onCommit: (entries: readonly Entry[], high: number) => void;
  readonly #onTrouble: (error: unknown) => void;
  #queue: Entry[] = [];
  #notes: Note[] = [];
  #bytes = 0;
  #busy = false;
  #waiters: (() => void)[] = [];
  readonly #abort = new AbortController();

  constructor(options: {
    uid: string;
    journal: Journal;
    clock: Clock;
    log: Log;
    onCommit: (entries: readonly Entry[], high: number) => void;
    /** The store's error after each failure; undefined once it takes batches again. */
    onTrouble: (error: unknown) => void;
  }) {
    this.#uid = options.uid;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onCommit = options.onCommit;
    this.#onTrouble = options.onTrouble;
  }

  push(entries: readonly Entry[], notes: readonly Note[] = []): void {
    if (this.#abort.signal.aborted || (entries.length === 0 && notes.length === 0)) return;
    this.#queue.push(...entries);
    this.#notes.push(...notes);
    for (const entry of entries) this.#bytes += weight(entry);
    if (!this.#busy) void this.#drain();
  }

  /** Resolves when there is room: the back-pressure of the log's reader. */
  async room(): Promise<void> {
    if (this.#bytes < HIGH_WATER_BYTES || this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  close(): void {
    this.#abort.abort();
    this.#wake();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let failures = 0; (this.#queue.length > 0 || this.#notes.length > 0) && !this.#abort.signal.aborted;) {
      const entries = this.#queue;
      const notes = this.#notes;
      try {
        // The queue is replaced before the await, so that what comes meanwhile makes the next batch.
        this.#queue = [];
        this.#notes = [];
        const { high } = await this.#journal.append(this.#uid, entries, notes);
        if (failures > 0) this.#onTrouble(undefined);
        failures = 0;
        for (const entry of entries) this.#bytes -= weight(entry);
        this.#wake();
        this.#onCommit(entries, high);
      } catch (error) {
        this.#queue = [...entries, ...this.#queue];
        this.#notes = [...notes, ...this.#notes];
        this.#log.error({ uid: this.#uid, err: error }, 'the store did not take a batch; trying again');
        this.#onTrouble(error);
        await this.#clock.sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 5_000, this.#abort.signal);
      }
    }
    this.#busy = false;
  }

  #wake(): void {
    if (this.#bytes >= HIGH_WATER_BYTES && !this.#abort.signal.aborted) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** About what an entry costs in memory and on the wire, bytes. */
export function weight(entry: Entry): number {
  return 64 + (entry.k === 'out' ? entry.data.length : 256);
}
