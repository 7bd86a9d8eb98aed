import { setTimeout as sleep } from 'node:timers/promises';
import { JournalError } from '../errors.ts';
import { MAX_COMMIT, sizeOf } from '../shared/ops.ts';
import type { Op, Outcome } from '../shared/ops.ts';
import { explained, isPassing } from './failures.ts';
import { pauseAfter } from './patience.ts';
import { InDoubt } from './writer.ts';
import type { Committed } from './writer.ts';

/** What the queue needs of a writer. */
export interface Committer {
  commit(ops: readonly Op[]): Promise<Committed>;
  settle(doubt: InDoubt): Promise<Committed | undefined>;
}

export interface QueueOptions {
  readonly committer: Committer;
  /** For messages. */
  readonly place: string;
  /** How long an operation waits in ms for a database that is away. */
  readonly patienceMs: number;
  /** After each commit, before its operations resolve. */
  readonly onCommit: (lastId: number) => void;
  /** Told of each failure that is tried again. */
  readonly onFailure: (error: unknown) => void;
}

interface Request {
  readonly op: Op;
  readonly size: number;
  /** On `performance.now()`'s clock. */
  readonly deadline: number;
  readonly resolve: (value: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds that a commit waits at most for more to go with it. */
const MAX_WAIT = 10;

/**
 * Gathers operations into commits of at most about 512 KiB, one at a time. The first after a pause is stored at once; then a commit
 * waits as long as the last one took, at most 10 ms. What fails because the database is away is tried again until the patience of
 * its operations is over. Nothing is stored twice: of a commit whose answer was lost the server is asked what became of it.
 */
export class CommitQueue {
  readonly #options: QueueOptions;
  readonly #queue: Request[] = [];
  #bytes = 0;
  #took = 0;
  #ended = -Infinity;
  #working: Promise<void> | undefined;
  readonly #closing = new AbortController();
  #full: AbortController | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Resolves after the commit. Throws what the operation was refused with, Unavailable, or JournalError for a fault of the database. */
  add(op: Op): Promise<Outcome> {
    if (this.#closing.signal.aborted) return Promise.reject(new JournalError('the store is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const size = sizeOf(op);
    this.#queue.push({ op, size, deadline: performance.now() + this.#options.patienceMs, resolve, reject });
    this.#bytes += size;
    if (this.#bytes >= MAX_COMMIT) this.#full?.abort();
    this.#working ??= this.#work();
    return promise;
  }

  /** Stores what was given before, unless the database is away. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#working !== undefined) await this.#working;
  }

  async #work(): Promise<void> {
    for (;;) {
      await this.#gather();
      const requests = this.#take();
      if (requests.length === 0) {
        // At once: what is added from here on needs a new beginning.
        this.#working = undefined;
        return;
      }
      const began = performance.now();
      await this.#attempt(requests);
      this.#ended = performance.now();
      this.#took = this.#ended - began;
    }
  }

  async #gather(): Promise<void> {
    // After all that is added in this turn of the event loop.
    await Promise.resolve();
    const wait = this.#ended + Math.min(this.#took, MAX_WAIT) - performance.now();
    if (this.#queue.length === 0 || this.#bytes >= MAX_COMMIT || wait < 1) return;
    this.#full = new AbortController();
    const signal = AbortSignal.any([this.#full.signal, this.#closing.signal]);
    await sleep(wait, undefined, { signal }).catch(() => undefined);
    this.#full = undefined;
  }

  #take(): Request[] {
    let [count, bytes] = [0, 0];
    for (const { size } of this.#queue) {
      if (count > 0 && bytes + size > MAX_COMMIT) break;
      count++;
      bytes += size;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #attempt(all: readonly Request[]): Promise<void> {
    const { committer, onCommit, onFailure, place } = this.#options;
    let requests = all;
    let doubt: InDoubt | undefined;
    for (let tries = 0; requests.length > 0; tries++) {
      try {
        const settled = doubt && (await committer.settle(doubt));
        doubt = undefined;
        const committed = settled ?? (await committer.commit(requests.map(({ op }) => op)));
        onCommit(committed.lastId);
        report(requests, committed);
        return;
      } catch (error) {
        if (error instanceof InDoubt) doubt = error;
        else if (!isPassing(error)) {
          await this.#apart(requests, error);
          return;
        }
        onFailure(error);
        const pause = pauseAfter(tries);
        const over = performance.now() + pause;
        const isLost = ({ deadline }: Request): boolean => this.#closing.signal.aborted || deadline < over;
        // Of a commit in doubt all go together: without its answer none of them may be tried again.
        const lost = doubt ? (requests.every(isLost) ? requests : []) : requests.filter(isLost);
        for (const { reject } of lost) reject(explained(error instanceof InDoubt ? error.cause : error, place));
        requests = requests.filter((request) => !lost.includes(request));
        if (requests.length > 0) await sleep(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  /** One of them may be to blame; each for itself, in order. */
  async #apart(requests: readonly Request[], error: unknown): Promise<void> {
    if (requests.length === 1) requests[0]?.reject(explained(error, this.#options.place));
    else for (const request of requests) await this.#attempt([request]);
  }
}

function report(requests: readonly Request[], { done }: Committed): void {
  for (const [index, { resolve, reject }] of requests.entries()) {
    const each = done[index];
    if (each === undefined || 'value' in each) resolve(each?.value);
    else reject(each.error);
  }
}
