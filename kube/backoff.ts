import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';

/** How waits grow. Times in ms. */
export interface BackoffOptions {
  /** The first wait; default 800. */
  baseMs?: number;
  /** No wait is longer, jitter included; default 30,000. */
  maxMs?: number;
  /** Each wait is up to this part longer, by chance; default 1. */
  jitter?: number;
  /** Quiet for so long, and it begins anew; default 120,000. */
  resetMs?: number;
  clock?: Clock;
  random?: () => number;
}

/** The nth wait (from 0) of an exponential back-off, in ms. */
export function backoffDelay(n: number, baseMs: number, maxMs: number, jitter: number, random: () => number): number {
  const plain = Math.min(maxMs, baseMs * 2 ** Math.min(n, 50));
  return Math.min(maxMs, plain * (1 + jitter * random()));
}

/** Waits that double with chance in them, as client-go's reflector does: a cluster's clients must not come back at once. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #count = 0;
  #last = -Infinity;

  constructor(options: BackoffOptions = {}) {
    this.#options = {
      baseMs: 800,
      maxMs: 30_000,
      jitter: 1,
      resetMs: 120_000,
      clock: systemClock,
      random: Math.random,
      ...options,
    };
  }

  /** The next wait in ms. */
  next(): number {
    const { baseMs, maxMs, jitter, resetMs, clock, random } = this.#options;
    const now = clock.monotonic();
    if (now - this.#last > resetMs) this.#count = 0;
    this.#last = now;
    return backoffDelay(this.#count++, baseMs, maxMs, jitter, random);
  }

  /** The next wait is the first again. */
  reset(): void {
    this.#count = 0;
  }
}
