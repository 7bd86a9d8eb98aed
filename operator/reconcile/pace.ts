/**
 * How many containers are being started at once. A node spends a third of a second of processor time on each: sixty at once share its
 * processors, so that all of them come late, and so do a running script's output and its stop. A few at a time come first come,
 * first served. How many: one more for each that came at once, a tenth less for each that took its time, but never fewer than the least; so a cluster
 * with room to spare is used, and a busy one is not made busier. One that does not come soon waits for something else, and keeps nobody waiting.
 */
import type { Clock, Timer } from '../../kube/index.ts';

/** One that did not come within this waits for its image or for a node, not for a processor. */
const PATIENCE_MS = 3_000;
/** One that answers sooner had a processor when it needed one: alone it takes 240 ms on two cores, six together take 1,800. */
const QUICK_MS = 1_000;

export class Pace {
  readonly #least: number;
  readonly #clock: Pick<Clock, 'setTimeout' | 'monotonic'>;
  readonly #wake: (uid: string) => void;
  readonly #starting = new Map<string, { readonly since: number; readonly timer: Timer }>();
  readonly #line = new Set<string>();
  #most: number;

  /**
   * @param least containers that may be started at once, however long they take.
   * @param wake looks at a run again whose turn has come.
   */
  constructor(options: { least: number; clock: Pick<Clock, 'setTimeout' | 'monotonic'>; wake: (uid: string) => void }) {
    this.#least = this.#most = options.least;
    this.#clock = options.clock;
    this.#wake = options.wake;
  }

  /** How many are being started. */
  get starting(): number {
    return this.#starting.size;
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
    const timer = this.#clock.setTimeout(() => this.#over(uid, false), PATIENCE_MS);
    this.#starting.set(uid, { since: this.#clock.monotonic(), timer });
    return true;
  }

  /** Its container is there: the next one in the line gets the place. */
  answered(uid: string): void {
    const since = this.#starting.get(uid)?.since;
    if (since !== undefined) this.#over(uid, this.#clock.monotonic() - since < QUICK_MS);
  }

  /** It is not to come, or waits for something that is known: that tells nothing about how busy the cluster is. */
  leave(uid: string): void {
    this.#line.delete(uid);
    this.#over(uid);
  }

  #over(uid: string, quick?: boolean): void {
    const place = this.#starting.get(uid);
    if (place === undefined) return;
    place.timer.cancel();
    this.#starting.delete(uid);
    // Nothing is learned while nobody waits: a few are quick on any cluster.
    if (quick === true && this.#line.size > 0) this.#most++;
    if (quick === false) this.#most = Math.max(this.#least, Math.floor(this.#most * 0.9));
    for (const next of this.#line) {
      if (this.isFull) return;
      this.#line.delete(next);
      this.enter(next);
      this.#wake(next);
    }
  }

  /** Forgets all of it, timers included. */
  close(): void {
    for (const { timer } of this.#starting.values()) timer.cancel();
    this.#starting.clear();
    this.#line.clear();
  }
}
