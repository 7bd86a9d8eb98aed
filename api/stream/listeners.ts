import type { ApiClock } from '../ports.ts';

/** How long after the last listener has gone its events are still recorded for it to come back to. */
const AWAY_MS = 600_000;

/**
 * Whether somebody listens. Requests that only read are announced, too (upstream does), but each announcement is a write
 * to the store: with nobody there, or expected back, they are not recorded.
 */
export class Listeners {
  readonly #clock: Pick<ApiClock, 'now'>;
  readonly #wanted: boolean;
  #count = 0;
  #lastSeen = -Infinity;

  /** `wanted` false: nobody is ever told of reads. */
  constructor(clock: Pick<ApiClock, 'now'>, wanted = true) {
    this.#clock = clock;
    this.#wanted = wanted;
  }

  get count(): number {
    return this.#count;
  }

  get expected(): boolean {
    return this.#wanted && (this.#count > 0 || this.#clock.now() - this.#lastSeen < AWAY_MS);
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    this.#count--;
    this.#lastSeen = this.#clock.now();
  }
}
