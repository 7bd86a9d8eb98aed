import type { Row, Run } from '../../journal/types.ts';
import type { Logger, Store } from '../ports.ts';
import type { Catalogue } from '../procedures/catalogue.ts';
import type { StoreWatch } from '../store-watch.ts';
import type { StreamEvent } from './event.ts';
import { eventsOf } from './mapping.ts';

/** The events of one row. */
export interface RowEvents {
  readonly row: number;
  readonly events: readonly StreamEvent[];
}

/** Rows after a place, and how far they reach: rows without events count, too. */
export interface TailPage {
  readonly rows: readonly RowEvents[];
  readonly upTo: number;
}

/** Rows of a page read from the store. */
const PAGE_ROWS = 500;
/** Rows kept in memory for those who listen live. */
const KEPT_ROWS = 2000;

/**
 * The newest events, read from the store once for all listeners. A listener that is further behind than what is kept here
 * reads the store's pages by itself, at its own pace.
 */
export class Tail {
  readonly #store: Store;
  readonly #catalogue: Pick<Catalogue, 'get'>;
  readonly #namespace: string;
  readonly #watch: StoreWatch;
  readonly #logger: Logger;
  #kept: RowEvents[] = [];
  /** Everything after this row is in #kept, up to #upTo. */
  #from = -1;
  #upTo = -1;
  #reading: Promise<void> | undefined;

  constructor(
    store: Store,
    catalogue: Pick<Catalogue, 'get'>,
    { namespace, watch, logger }: { readonly namespace: string; readonly watch: StoreWatch; readonly logger: Logger },
  ) {
    this.#store = store;
    this.#catalogue = catalogue;
    this.#namespace = namespace;
    this.#watch = watch;
    this.#logger = logger;
  }

  /** The row after which a listener begins who wants what comes from now on. */
  get now(): number {
    return Math.max(0, this.#watch.lastId);
  }

  /** What is after a row; an empty page if there is nothing yet. */
  async after(row: number): Promise<TailPage> {
    const { lastId } = this.#watch;
    if (lastId <= row) return { rows: [], upTo: row };
    // The first listener: who wants what is before reads the store.
    if (this.#upTo < 0) this.#from = this.#upTo = lastId;
    if (row < this.#from) return this.#page(row);
    while (this.#upTo < lastId) await (this.#reading ??= this.#advance().finally(() => (this.#reading = undefined)));
    if (row < this.#from) return this.#page(row);
    let first = this.#kept.length;
    while (first > 0 && (this.#kept[first - 1]?.row ?? 0) > row) first--;
    return { rows: this.#kept.slice(first), upTo: Math.max(row, this.#upTo) };
  }

  async #advance(): Promise<void> {
    const { lastId } = this.#watch;
    if (lastId - this.#upTo > 10 * KEPT_ROWS) {
      // Nobody has listened for long.
      this.#kept = [];
      this.#from = this.#upTo = lastId;
      return;
    }
    const page = await this.#page(this.#upTo, lastId);
    this.#kept.push(...page.rows.filter(({ events }) => events.length > 0));
    this.#upTo = page.upTo;
    if (this.#kept.length > KEPT_ROWS) {
      const gone = this.#kept.splice(0, this.#kept.length - KEPT_ROWS);
      this.#from = gone.at(-1)?.row ?? this.#from;
    }
  }

  /** A page as the store has it. `lastId` must have been known before the call. */
  async #page(after: number, lastId = this.#watch.lastId): Promise<TailPage> {
    const rows = await this.#store.rows(after, { limit: PAGE_ROWS, namespace: this.#namespace });
    // Nothing more means that all up to there is read: output rows in between are passed over by number. A page that is
    // shorter than asked for means nothing, the store also bounds its bytes.
    const upTo = rows.at(-1)?.id ?? Math.max(after, lastId);
    const runs = new Map<string, Run | undefined>();
    const mapped: RowEvents[] = [];
    for (const row of rows) mapped.push({ row: row.id, events: await this.#events(row, runs) });
    return { rows: mapped, upTo };
  }

  async #events(row: Row, runs: Map<string, Run | undefined>): Promise<readonly StreamEvent[]> {
    const { uid } = row;
    if (uid !== null && !runs.has(uid)) runs.set(uid, await this.#store.run(uid));
    try {
      const run = uid === null ? undefined : runs.get(uid);
      const procedure = run && this.#catalogue.get(run.id);
      return eventsOf(row, run, procedure?.metadata.uid === uid ? procedure : undefined);
    } catch (error) {
      // One odd row must not end everybody's stream.
      this.#logger.error({ err: error, row: row.id }, 'a row gave no events');
      return [];
    }
  }
}
