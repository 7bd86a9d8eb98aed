import type { Clock } from './clock.ts';

/** A bucket per key: `burst` tokens, and a new one every `refillMs` until it is full again. */
export class TokenBuckets {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor({ burst, refillMs, clock }: { burst: number; refillMs: number; clock: Clock }) {
    this.#burst = burst;
    this.#refillMs = refillMs;
    this.#clock = clock;
  }

  /** Takes a token; false if there is none. */
  take(key: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    const tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) / this.#refillMs);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }

  /** Forgets the buckets that are full again. */
  prune(): void {
    const now = this.#clock.monotonic();
    for (const [key, { tokens, at }] of this.#buckets)
      if (tokens + (now - at) / this.#refillMs >= this.#burst) this.#buckets.delete(key);
  }
}
