/**
 * How many containers are being started at once. A node spends a third of a second of processor time on each: sixty at once share its
 * processors, so that all of them come late, and so do a running script's output and its stop. A few at a time come first come,
 * first served. One that does not come soon waits for something else than processors, and keeps nobody waiting.
 */
import type { Clock, Timer } from '../../kube/index.ts';

/** One that did not come within this waits for its image or for a node, not for a processor. */
const PATIENCE_MS = 3_000;

export class Pace {
  readonly #most: number;
  readonly #clock: Pick<Clock, 'setTimeout'>;
  readonly #wake: (uid: string) => void;
  readonly #starting = new Map<string, Timer>();
  readonly #line = new Set<string>();

  /**
   * @param most containers that are being started at once.
   * @param wake looks at a run again whose turn has come.
   */
  constructor(options: { most: number; clock: Pick<Clock, 'setTimeout'>; wake: (uid: string) => void }) {
    this.#most = options.most;
    this.#clock = options.clock;
    this.#wake = options.wake;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#line.size;
  }

  /** No more can be started at present. */
  get isFull(): boolean {
    return this.#starting.size >= this.#most;
  }

  /** Whether it stands in line. */
  waits(uid: string): boolean {
    return this.#line.has(uid);
  }

  /** Takes a place, and true; or, where there is none, a place in the line. */
  enter(uid: string): boolean {
    if (this.#starting.has(uid)) return true;
    if (this.isFull) {
      this.#line.add(uid);
      return false;
    }
    this.#starting.set(
      uid,
      this.#clock.setTimeout(() => this.leave(uid), PATIENCE_MS),
    );
    return true;
  }

  /** Its container answers, or is not to come any more. The next one in the line gets the place. */
  leave(uid: string): void {
    this.#line.delete(uid);
    const timer = this.#starting.get(uid);
    if (timer === undefined) return;
    timer.cancel();
    this.#starting.delete(uid);
    for (const next of this.#line) {
      if (this.isFull) return;
      this.#line.delete(next);
      this.enter(next);
      this.#wake(next);
    }
  }

  /** Forgets all of it, timers included. */
  close(): void {
    for (const timer of this.#starting.values()) timer.cancel();
    this.#starting.clear();
    this.#line.clear();
  }
}
