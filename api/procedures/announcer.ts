import type { Logger, Store } from '../ports.ts';

/** An event of the API's own: a request, or the answer to one. */
export interface Announcement {
  readonly topic: string;
  readonly uid?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Puts events of the API into the store, in the order in which they are announced. No request waits for it: an event that
 * cannot be stored is logged and lost. What is announced while a commit is under way goes into the next one.
 */
export class Announcer {
  readonly #store: Pick<Store, 'publish'>;
  readonly #namespace: string;
  readonly #logger: Logger;
  #waiting: Announcement[] = [];
  #working: Promise<void> | undefined;

  constructor(store: Pick<Store, 'publish'>, namespace: string, logger: Logger) {
    this.#store = store;
    this.#namespace = namespace;
    this.#logger = logger;
  }

  announce(...announcements: readonly Announcement[]): void {
    this.#waiting.push(...announcements);
    this.#working ??= this.#work();
  }

  /** Resolves when all that was announced is in the store, or lost. */
  async flushed(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // so that `#working` is set before it is cleared, and what is announced in the same turn goes along
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store.publish(this.#namespace, batch);
      } catch (error) {
        this.#logger.error({ err: error, topics: batch.map(({ topic }) => topic) }, 'events were not stored');
      }
    }
    this.#working = undefined; // in the same turn as the look above: nothing can be announced between them
  }
}
