import type { Logger, Store, ApiClock } from './ports.ts';

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
        if (id !== undefined) this.#news(id);
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
    const wake = (): void => done.abort();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await this.#clock.sleep(ms, done.signal);
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  #news(id: number): void {
    this.#markReady();
    if (id <= this.#lastId) return;
    this.#lastId = id;
    for (const wake of [...this.#waiting]) wake();
  }
}
