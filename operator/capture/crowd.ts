import { FirstTry } from './first-try.ts';

/** A container that is not there by then waits for its image, a node or its turn: it is seen running before a try finds it. */
const STARTING_MS = 3_000;
const STUCK_MS = 30_000;
/** Of all that are stuck together there is at most one try in so long: ten thousand that wait for a place would be tried 300 times a second. */
const STUCK_EACH_MS = 1_000;
const ALONE_MS = 25;

/**
 * How many attaches are being tried at once, over all runs. A try that fails costs the cluster 12 ms of processor time (API server 5,
 * kubelet 2, the rest here and around): sixty pods tried every 25 ms kept a 2-core node from starting them.
 */
export class Crowd {
  readonly first = new FirstTry();
  readonly #waiting = new Set<object>();
  readonly #starting = new Set<object>();

  /**
   * ms until `who` tries again, which has been failing for so long: 25 alone, 200 of two, 1,600 of four. In a crowd hardly anybody tries
   * before it is seen running, and then at once: what tries cost would make all of them later. One that is stuck tries seldom, and
   * keeps nobody else from trying.
   */
  pause(who: object, failingMs: number): number {
    this.#waiting.add(who);
    if (failingMs >= STARTING_MS) {
      this.#starting.delete(who);
      return Math.max(STUCK_MS, STUCK_EACH_MS * (this.#waiting.size - this.#starting.size));
    }
    this.#starting.add(who);
    return Math.min(ALONE_MS * this.#starting.size ** 3, STUCK_MS);
  }

  /** `who` is there, or is not tried any more. */
  leave(who: object): void {
    this.#waiting.delete(who);
    this.#starting.delete(who);
  }
}

/** The same for one whose container was seen running. */
export function alone(failingMs: number): number {
  if (failingMs < STARTING_MS) return ALONE_MS;
  return failingMs < 30_000 ? 200 : 1_000;
}
