import type { Logger, Store, ApiClock } from './ports.ts';

/** Why a wait ends. Without one, each abort would make an exception with a stack trace, for every listener and commit. */
const WOKEN = 'woken';
/** A wave of wakings that takes less, in ms, is followed by the next at once. */
const SHORT_WAVE_MS = 5;
/** The longest pause between waves, in ms: the clock may be set. */
const LONGEST_PAUSE_MS = 250;

/**
 * One wait on the store for everybody who wants to know of news: `changed` of the store wakes it, and it wakes all that wait
 * here. Thousands of streams so cost the store one listener.
 */
export class StoreWatch {
  readonly #store: Store;
  readonly #clock: ApiClock;
  readonly #logger: Logger;
  readonly #waiting = new Set<() => void>();
  readonly #markReady: () => void;
  #lastId = -1;
  /** Resolves after the first look. */
  readonly ready: Promise<undefined>;

  constructor(store: Store, clock: ApiClock, logger: Logger) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ready = promise;
    this.#markReady = () => resolve(undefined);
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The newest row's id that is known here; -1 before the first look. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Looks, and follows the store until the signal aborts; tries again for as long as it fails. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const id = this.#lastId < 0 ? await this.#store.lastId() : await this.#store.changed(this.#lastId, signal);
        if (id !== undefined) await this.#news(id, signal);
      } catch (error) {
        this.#logger.warn({ err: error }, 'waiting for the store failed');
        await this.#clock.sleep(1000, signal);
      }
    }
  }

  /** Resolves once there is a row after `after`, after `ms`, or when the signal aborts. */
  async wait(after: number, signal: AbortSignal, ms: number): Promise<void> {
    if (this.#lastId > after || signal.aborted) return;
    const done = new AbortController();
    const wake = (): void => done.abort(WOKEN);
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await this.#clock.sleep(ms, done.signal);
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  /**
   * Wakes all who wait. What they do at once with the news is measured, and as long again is left to everything else before
   * the next wave: thousands of listeners then get more at a time, and requests are still answered.
   */
  async #news(id: number, signal: AbortSignal): Promise<void> {
    this.#markReady();
    if (id <= this.#lastId) return;
    this.#lastId = id;
    const begin = this.#clock.now();
    for (const wake of [...this.#waiting]) wake();
    await new Promise((resolve) => setImmediate(resolve));
    const took = this.#clock.now() - begin;
    if (took >= SHORT_WAVE_MS) await this.#clock.sleep(Math.min(took, LONGEST_PAUSE_MS), signal);
  }
}
