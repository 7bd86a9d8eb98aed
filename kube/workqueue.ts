import { backoffDelay } from './backoff.ts';
import { systemClock } from './clock.ts';
import type { Clock, Timer } from './clock.ts';

/** Lanes, the most urgent first; within a lane first come, first served. */
export const PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const;
/** A lane. `urgent` is for what must not wait behind anything: stop. */
export type Priority = (typeof PRIORITIES)[number];

/** How a queue waits and counts. Times in ms. */
export interface WorkQueueOptions {
  clock?: Clock;
  random?: () => number;
  /** First wait of addRateLimited; default 100. It doubles per failure of the key. */
  baseDelayMs?: number;
  /** Longest wait of addRateLimited; default 60,000. */
  maxDelayMs?: number;
  /** Told when a key is handed out: how long it was due. */
  onGet?: (key: string, waitedMs: number, priority: Priority) => void;
}

/** How a queue stands, for metrics. */
export interface WorkQueueMetrics {
  /** Keys that are due, in all and by lane. */
  depth: number;
  byPriority: Record<Priority, number>;
  /** Keys that somebody works on. */
  processing: number;
  /** Keys that wait for their time. */
  delayed: number;
  /** Adds that put a key into a lane, and addRateLimited calls, so far. */
  adds: number;
  retries: number;
  /** How long the key that waits longest has been due, ms. */
  oldestMs: number;
}

interface Waiter {
  urgentOnly: boolean;
  give(key: string | undefined): void;
}

interface Queued {
  priority: Priority;
  since: number;
}

/**
 * client-go's work queue: a key is in it once however often it is added, nobody gets a key that somebody else works on,
 * and a key added meanwhile comes again after `done`. That is what makes a reconciler single-threaded per object.
 */
export class WorkQueue {
  readonly #options: Required<Omit<WorkQueueOptions, 'onGet'>> & Pick<WorkQueueOptions, 'onGet'>;
  /** Keys that are due and free; insertion order is the order of service. */
  readonly #lanes: Record<Priority, Map<string, Queued>> = {
    urgent: new Map(),
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  };
  readonly #processing = new Set<string>();
  /** Keys added while they were worked on. */
  readonly #again = new Map<string, Queued>();
  readonly #delayed = new Map<string, { due: number; priority: Priority; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #waiters: Waiter[] = [];
  #adds = 0;
  #retries = 0;
  #closed = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#options = { clock: systemClock, random: Math.random, baseDelayMs: 100, maxDelayMs: 60_000, ...options };
  }

  /** The key is due now. In a lane already, it moves to a more urgent one if this is such. */
  add(key: string, options: { priority?: Priority } = {}): void {
    if (this.#closed) return;
    const priority = options.priority ?? 'normal';
    const since = this.#options.clock.monotonic();
    if (this.#processing.has(key)) {
      const before = this.#again.get(key);
      if (!before) this.#adds++;
      this.#again.set(key, before ? { ...before, priority: higher(before.priority, priority) } : { priority, since });
      return;
    }
    const lane = PRIORITIES.find((name) => this.#lanes[name].has(key));
    if (lane === undefined) {
      this.#adds++;
      this.#enqueue(key, { priority, since });
    } else if (higher(lane, priority) !== lane) {
      const queued = this.#lanes[lane].get(key);
      this.#lanes[lane].delete(key);
      this.#enqueue(key, { priority, since: queued?.since ?? since });
    }
  }

  /** The key is due after `ms`, or at an earlier time that it was given before. */
  addAfter(key: string, ms: number, options: { priority?: Priority } = {}): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key, options);
      return;
    }
    const { clock } = this.#options;
    const due = clock.monotonic() + ms;
    const before = this.#delayed.get(key);
    const priority = before ? higher(before.priority, options.priority ?? 'normal') : (options.priority ?? 'normal');
    if (before && before.due <= due) {
      before.priority = priority;
      return;
    }
    before?.timer.cancel();
    const timer = clock.setTimeout(() => {
      const late = this.#delayed.get(key);
      this.#delayed.delete(key);
      this.add(key, { priority: late?.priority ?? priority });
    }, ms);
    this.#delayed.set(key, { due, priority, timer });
  }

  /** The key failed: it is due after a wait that doubles with each failure, up to a fifth longer by chance. */
  addRateLimited(key: string, options: { priority?: Priority } = {}): void {
    if (this.#closed) return;
    const { baseDelayMs, maxDelayMs, random } = this.#options;
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    this.#retries++;
    this.addAfter(key, backoffDelay(failures, baseDelayMs, maxDelayMs, 0.2, random), options);
  }

  /** The key did well: its next failure waits the first wait again. What it is queued for stays. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures since the last `forget`. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, when there is one; undefined after shutDown, once nothing is left. Every key got is to be `done`. */
  get(options: { urgentOnly?: boolean } = {}): Promise<string | undefined> {
    const urgentOnly = options.urgentOnly ?? false;
    const key = this.#next(urgentOnly);
    if (key !== undefined || this.#closed) return Promise.resolve(key);
    return new Promise((give) => this.#waiters.push({ urgentOnly, give }));
  }

  /** The work on the key is over; if it was added meanwhile, it is due again. */
  done(key: string): void {
    if (!this.#processing.delete(key)) return;
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again) this.#enqueue(key, again);
  }

  /** No key is taken from now on; what is due is still handed out, what waits for its time is dropped. */
  shutDown(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const waiter of this.#waiters.splice(0)) waiter.give(undefined);
  }

  metrics(): WorkQueueMetrics {
    const lanes = PRIORITIES.map((priority) => this.#lanes[priority]);
    const first = lanes.flatMap((lane) => lane.values().take(1).toArray()).map(({ since }) => since);
    const byPriority = Object.fromEntries(PRIORITIES.map((name) => [name, this.#lanes[name].size]));
    return {
      depth: lanes.reduce((sum, lane) => sum + lane.size, 0),
      byPriority: byPriority as Record<Priority, number>,
      processing: this.#processing.size,
      delayed: this.#delayed.size,
      adds: this.#adds,
      retries: this.#retries,
      oldestMs: first.length === 0 ? 0 : this.#options.clock.monotonic() - Math.min(...first),
    };
  }

  #enqueue(key: string, queued: Queued): void {
    this.#lanes[queued.priority].set(key, queued);
    // The reserved worker first: the others stay free for what comes next.
    const urgent = queued.priority === 'urgent';
    let at = urgent ? this.#waiters.findIndex(({ urgentOnly }) => urgentOnly) : -1;
    if (at < 0) at = this.#waiters.findIndex(({ urgentOnly }) => !urgentOnly);
    if (at < 0) return;
    const [waiter] = this.#waiters.splice(at, 1);
    waiter?.give(this.#next(waiter.urgentOnly));
  }

  #next(urgentOnly: boolean): string | undefined {
    for (const priority of urgentOnly ? (['urgent'] as const) : PRIORITIES) {
      for (const [key, { since }] of this.#lanes[priority]) {
        this.#lanes[priority].delete(key);
        this.#processing.add(key);
        this.#options.onGet?.(key, this.#options.clock.monotonic() - since, priority);
        return key;
      }
    }
    return undefined;
  }
}

function higher(a: Priority, b: Priority): Priority {
  return PRIORITIES.indexOf(a) <= PRIORITIES.indexOf(b) ? a : b;
}
