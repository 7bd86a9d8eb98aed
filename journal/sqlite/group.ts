import { pause } from './locking.ts';
import { packError } from './errors.ts';
import { MAX_COMMIT, sizeOf } from '../shared/ops.ts';
import type { Op } from '../shared/ops.ts';
import type { Request, Settled } from './messages.ts';
import type { Done } from './writer.ts';

/** What the group needs of a writer. */
export interface Committer {
  /** Stores all of them, or throws and stores none. */
  commit(ops: readonly Op[]): { readonly lastId: number; readonly done: readonly Done[] };
  /** These are stored and reported. Does not throw. */
  committed(ops: readonly Op[]): void;
}

/** Milliseconds that a commit waits at most for more to go with it. */
const MAX_WAIT = 10;
/** Milliseconds of commits without a break after which other processes get a turn of `BREAK`. */
const STRETCH = 10;
const BREAK = 0.5;

/**
 * Gathers operations into commits of at most about 512 KiB. The first after a pause is stored at once; then a commit waits as long as the
 * last one took (at most 10 ms), so that a slow disk makes larger ones and a fast one hardly waits.
 */
export class CommitGroup {
  readonly #committer: Committer;
  readonly #report: (lastId: number, settled: readonly Settled[]) => void;
  readonly #queue: Request[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #ended = -Infinity;
  #took = 0;
  #stretch = performance.now();
  #onIdle: (() => void) | undefined;

  constructor(committer: Committer, report: (lastId: number, settled: readonly Settled[]) => void) {
    this.#committer = committer;
    this.#report = report;
  }

  add(request: Request): void {
    this.#queue.push(request);
    this.#bytes += sizeOf(request.op);
    this.#schedule();
  }

  /** Calls back once everything given so far is stored. */
  drain(done: () => void): void {
    this.#onIdle = done;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#immediate !== undefined) return;
    const wait = this.#ended + Math.min(this.#took, MAX_WAIT) - performance.now();
    if (this.#bytes < MAX_COMMIT && wait >= 1 && this.#onIdle === undefined) {
      this.#timer ??= setTimeout(() => this.#flush(), wait);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // After the messages that are here already.
    this.#immediate = setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#timer = undefined;
    this.#immediate = undefined;
    const requests = this.#take();
    if (requests.length > 0) this.#commit(requests);
    if (this.#queue.length > 0) this.#schedule();
    else this.#onIdle?.();
  }

  #take(): Request[] {
    const taken: Request[] = [];
    let bytes = 0;
    for (const request of this.#queue) {
      const size = sizeOf(request.op);
      if (taken.length > 0 && bytes + size > MAX_COMMIT) break;
      taken.push(request);
      bytes += size;
    }
    this.#queue.splice(0, taken.length);
    this.#bytes -= bytes;
    return taken;
  }

  #commit(requests: readonly Request[]): void {
    const start = performance.now();
    if (start - this.#ended > BREAK) this.#stretch = start;
    else if (start - this.#stretch > STRETCH) {
      pause(BREAK);
      this.#stretch = performance.now();
    }
    this.#attempt(requests);
    this.#ended = performance.now();
    this.#took = this.#ended - start;
  }

  #attempt(requests: readonly Request[]): void {
    const ops = requests.map(({ op }) => op);
    try {
      const { lastId, done } = this.#committer.commit(ops);
      this.#report(
        lastId,
        requests.map(({ ticket }, index) => settledOf(ticket, done[index])),
      );
      this.#committer.committed(ops);
    } catch (error) {
      if (requests.length > 1) {
        // One of them may be to blame; each for itself, in order.
        for (const request of requests) this.#attempt([request]);
        return;
      }
      this.#report(
        0,
        requests.map(({ ticket }) => ({ ticket, error: packError(error) })),
      );
    }
  }
}

function settledOf(ticket: number, done: Done | undefined): Settled {
  if (done === undefined) return { ticket, value: undefined };
  return 'error' in done ? { ticket, error: packError(done.error) } : { ticket, value: done.value };
}
