/** ms. A node whose containers take longer loses nothing by so long a wait, and is held up by tries that come too early. */
const LATEST_MS = 150;
/** ms. */
const SOONEST_MS = 25;

/**
 * When a container is tried first, after its pod was made. Learned: one that is there has the next ones tried sooner, one that is not,
 * later. So a cluster where a process is up after 30 ms is not kept waiting, and one that takes 240 is not disturbed for nothing.
 */
export class FirstTry {
  #ms = LATEST_MS;

  /** ms from the making of the pod. */
  get ms(): number {
    return this.#ms;
  }

  found(): void {
    this.#ms = Math.max(SOONEST_MS, this.#ms * 0.75);
  }

  missed(): void {
    this.#ms = Math.min(LATEST_MS, this.#ms * 2);
  }
}
