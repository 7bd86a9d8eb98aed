/**
 * Puts the entries of several sources (attach, log, a second read of the log) into one row without holes or repeats.
 * Pure: what is out of order is not kept, it is asked for again (docs/protocol.md section 4).
 */
import type { Entry } from '../../journal/types.ts';

export interface Accepted {
  /** Entries to store, in order; a row of parts comes together with the entry that it becomes. */
  readonly entries: readonly Entry[];
  /** An entry beyond the next one came: what is between has to be asked for, from this n. */
  readonly hole?: number;
}

export class Feed {
  #next: number;
  #parts: Entry[] = [];

  /** @param high what the store has: entries up to it are repeats. */
  constructor(high: number) {
    this.#next = high + 1;
  }

  /** The n that is wanted next; the beginning of an unfinished row of parts counts as not had yet. */
  get wanted(): number {
    return this.#parts[0]?.n ?? this.#next;
  }

  accept(entry: Entry): Accepted {
    if (entry.n < this.#next) return { entries: [] };
    if (entry.n > this.#next) return { entries: [], hole: this.wanted };
    this.#next++;
    if (entry.k === 'part') {
      this.#parts.push(entry);
      return { entries: [] };
    }
    const entries = [...this.#parts, entry];
    this.#parts = [];
    return { entries };
  }

  /** The runner has nothing before `n` any more: go on there. Returns how many entries are lost for good. */
  skipTo(n: number): number {
    const lost = Math.max(0, n - this.wanted);
    this.#parts = [];
    this.#next = Math.max(this.#next, n);
    return lost;
  }
}
