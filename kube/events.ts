import { microTime, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { isNotFound, isRetryable } from './errors.ts';
import { EVENTS } from './kinds.ts';
import type { KubeEvent } from './kinds.ts';
import { silent } from './logger.ts';
import type { Logger } from './logger.ts';
import { referenceTo } from './meta.ts';
import type { KubeObject, ObjectReference } from './meta.ts';
import { resource } from './resources.ts';
import { TokenBuckets } from './token-buckets.ts';

/** What happened to an object. */
export interface EventInput {
  type: 'Normal' | 'Warning';
  /** Why, one CamelCase word: `PodLost`. */
  reason: string;
  /** What was done about it, one CamelCase word; default the reason. */
  action?: string;
  /** A sentence for people; cut at 1 KiB. */
  note: string;
  related?: ObjectReference;
}

/** Who reports, and how much. */
export interface EventRecorderOptions {
  kube: Kube;
  /** `oet.skao.int/operator`, say. */
  controller: string;
  /** Which of its processes: the pod's name. */
  instance: string;
  clock?: Clock;
  logger?: Logger;
  /** Name endings; for tests. */
  suffix?: () => string;
}

/** The same thing again within this time makes a series of the event (client-go's six minutes). */
const SERIES_MS = 360_000;
/** A series that goes on is written at most so often. */
const SERIES_WRITE_MS = 30_000;
/** Per object: so many at once, then one per five minutes (client-go's spam filter). */
const BURST = 25;
const REFILL_MS = 300_000;
/** Events that may wait for a slow API server; beyond, they are dropped. */
const BACKLOG = 1_000;
const ATTEMPTS = 3;
const NOTE_BYTES = 1024;

interface Known {
  event: KubeEvent;
  count: number;
  lastSeen: number;
  lastWritten: number;
}

/**
 * Events in the group events.k8s.io. Nothing here ever fails or holds up the caller: an event that cannot be written is
 * logged and forgotten. Repetitions of one reason for one object become a series; a flood is cut off.
 */
export class EventRecorder {
  readonly #options: Required<EventRecorderOptions>;
  readonly #known = new Map<string, Known>();
  readonly #buckets: TokenBuckets;
  #tail: Promise<void> = Promise.resolve();
  #backlog = 0;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    const clock = options.clock ?? systemClock;
    const suffix = (): string => Math.floor(clock.now() * 1e6 + Math.random() * 1e6).toString(16);
    this.#options = { logger: silent, suffix, ...options, clock };
    this.#buckets = new TokenBuckets({ burst: BURST, refillMs: REFILL_MS, clock });
  }

  /** Events that were not written: too many, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reports; returns at once. */
  record(object: KubeObject, input: EventInput): void {
    const { clock } = this.#options;
    const regarding = referenceTo(object);
    const { type, reason, action = reason } = input;
    const key = [regarding.uid, regarding.namespace, regarding.name, type, reason, action].join('\n');
    const now = clock.now();
    this.#prune(now);
    if (!this.#buckets.take(regarding.uid ?? key)) {
      this.#dropped++;
      return;
    }
    const known = this.#known.get(key);
    if (known) {
      known.count++;
      known.lastSeen = now;
      if (known.count > 2 && now - known.lastWritten < SERIES_WRITE_MS) return; // the next one, or prune, tells the count
      known.lastWritten = now;
      this.#enqueue(() => this.#writeSeries(known));
      return;
    }
    const event = this.#event(regarding, { ...input, action }, now);
    const entry: Known = { event, count: 1, lastSeen: now, lastWritten: now };
    this.#known.set(key, entry);
    this.#enqueue(() => this.#create(entry.event));
  }

  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void> {
    return this.#tail;
  }

  #event(regarding: ObjectReference, input: EventInput & { action: string }, now: number): KubeEvent {
    const { controller, instance, suffix } = this.#options;
    const namespace = regarding.namespace ?? 'default';
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${(regarding.name ?? 'object').slice(0, 200)}.${suffix()}`, namespace },
      eventTime: microTime(now),
      type: input.type,
      reason: input.reason.slice(0, 128),
      action: input.action.slice(0, 128),
      note: cut(input.note, NOTE_BYTES),
      regarding,
      ...(input.related ? { related: input.related } : {}),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
    };
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#backlog >= BACKLOG) {
      this.#dropped++;
      return;
    }
    this.#backlog++;
    this.#tail = this.#tail.then(() => this.#attempt(write)).finally(() => this.#backlog--);
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#options;
    for (let left = ATTEMPTS - 1; ; left--) {
      try {
        await write();
        return;
      } catch (error) {
        if (left > 0 && isRetryable(error)) {
          await clock.sleep(Math.min(30, error.retryAfterSeconds ?? 1) * 1000);
          continue;
        }
        this.#dropped++;
        logger.warn({ err: error }, 'an event could not be written');
        return;
      }
    }
  }

  async #create(event: KubeEvent): Promise<void> {
    await resource(this.#options.kube, EVENTS, event.metadata.namespace ?? 'default').create(event);
  }

  async #writeSeries(known: Known): Promise<void> {
    const { event, count, lastSeen } = known;
    const series = { count, lastObservedTime: microTime(lastSeen) };
    const events = resource(this.#options.kube, EVENTS, event.metadata.namespace ?? 'default');
    try {
      await events.mergePatch(event.metadata.name ?? '', { series });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await events.create({ ...event, series }); // events live an hour; this one is gone
    }
  }

  /** Forgets what has not happened for a while; a count that was not told is told then. */
  #prune(now: number): void {
    for (const [key, known] of this.#known) {
      if (now - known.lastSeen <= SERIES_MS) continue;
      this.#known.delete(key);
      if (known.lastSeen > known.lastWritten) this.#enqueue(() => this.#writeSeries(known));
    }
    this.#buckets.prune();
  }
}

/** The text, no longer than so many bytes of UTF-8, whole characters only. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return new TextDecoder('utf-8').decode(Buffer.from(text).subarray(0, bytes - 3)).replace(/\uFFFD$/, '') + '…';
}
