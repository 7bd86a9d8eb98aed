/**
 * How many attaches are being tried at once, over all runs. A try that fails costs the cluster 12 ms of processor time (API server 5,
 * kubelet 2, the rest here and around): sixty pods tried every 25 ms kept a 2-core node from starting them.
 */
export class Crowd {
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** One more is being tried; the result takes it back, once. */
  enter(): () => void {
    this.#waiting++;
    return () => {
      this.#waiting--;
    };
  }

  /**
   * ms until the next try of one that has been failing for so long: 25 alone, 200 of two, 1,600 of four. In a crowd hardly anybody tries
   * before it is seen running, and then at once: what tries cost would make all of them later.
   */
  pause(failingMs: number): number {
    return Math.max(alone(failingMs), Math.min(25 * this.#waiting ** 3, 30_000));
  }
}

/** The same for one by itself: a container starts within a second, or after a long pull. */
export function alone(failingMs: number): number {
  if (failingMs < 3_000) return 25;
  return failingMs < 30_000 ? 200 : 1_000;
}
