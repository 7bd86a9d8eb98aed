import { Backoff } from './backoff.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { fromFailure, isGone, KubeError } from './errors.ts';
import type { ResourceType } from './kinds.ts';
import { silent } from './logger.ts';
import type { Logger } from './logger.ts';
import type { KubeObject, Stored } from './meta.ts';
import { resource } from './resources.ts';
import { aborted } from './signals.ts';
import { Store } from './store.ts';
import type { ReadStore } from './store.ts';
import { watch } from './watch.ts';

/**
 * What the store went through. SYNC: a list or a full pass shows the object as it was. DELETED carries the last state
 * known; with a field or label selector it also comes for an object that left the selection and goes on existing.
 */
export interface Change<T extends KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNC';
  object: Stored<T>;
  /** What the store had before, for MODIFIED. */
  previous?: Stored<T>;
}

/** What a reflector is doing. */
export interface ReflectorStatus {
  doing: 'listing' | 'watching' | 'waiting' | 'stopped';
  /** While waiting: ms until the next attempt, and why. */
  waitMs?: number;
  error?: KubeError;
  /** Lists and watches begun so far. */
  lists: number;
  watches: number;
  /** Handlers that threw so far. */
  handlerErrors: number;
}

/** What is reflected, and to whom. */
export interface ReflectorOptions<T extends KubeObject> {
  kube: Kube;
  type: ResourceType<T>;
  /** Undefined: all namespaces, or a cluster-scoped kind. */
  namespace?: string | undefined;
  labelSelector?: string;
  fieldSelector?: string;
  /** What is kept of each object; default `stripped`. */
  transform?: (object: Stored<T>) => Stored<T>;
  /** Called after the store has changed. What it throws is logged and ends nothing. */
  onChange: (change: Change<T>) => void;
  onStatus?: (status: ReflectorStatus) => void;
  clock?: Clock;
  logger?: Logger;
  random?: () => number;
  /** Every object is shown again as SYNC at this interval; default 0, never. */
  resyncMs?: number;
  /** Silence after which a watch is given up; default 90,000 (the API server sends bookmarks about once a minute). */
  stallMs?: number;
}

/** After a watch that lasted so long the next attempt comes at once; what fails sooner may fail again, so it waits. */
const GOOD_WATCH_MS = 1_000;

/** Without what only the API server and kubectl apply use: a quarter to a third of an object. */
function stripped<T extends KubeObject>(object: Stored<T>): Stored<T> {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  const { ['kubectl.kubernetes.io/last-applied-configuration']: __, ...kept } = annotations ?? {};
  return { ...object, metadata: annotations ? { ...metadata, annotations: kept } : metadata };
}

/**
 * Keeps a store equal to what the API server has: a list, then watches from its version on, for ever. A watch that
 * ends goes on from the last version seen, bookmarks included; only a version that the server no longer has (410), or
 * an error of which nothing better is known, makes it list again. One reflector runs once.
 */
export class Reflector<T extends KubeObject> {
  /** Resolves when the first list is in the store; stays pending if the reflector is stopped before. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #store: Store<T>;
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #counts = { lists: 0, watches: 0, handlerErrors: 0 };
  #hasSynced = false;
  #version = '';

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silent;
    this.#random = options.random ?? Math.random;
    this.#store = new Store(options.namespace);
    this.synced = this.#synced.promise;
  }

  get store(): ReadStore<T> {
    return this.#store;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Runs until the signal aborts, then resolves; never rejects. No handler is called after that. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ clock: this.#clock, random: this.#random });
    const resync = this.#resync(signal);
    while (!aborted(signal)) {
      const failure = this.#version === '' ? await this.#list(signal) : await this.#watch(signal);
      if (aborted(signal)) break;
      if (failure === 'at once') continue;
      const waitMs = Math.max(backoff.next(), (failure?.retryAfterSeconds ?? 0) * 1000);
      if (failure) this.#logger.warn({ err: failure, waitMs }, `watching ${this.#options.type.plural} failed`);
      this.#report('waiting', { waitMs, ...(failure ? { error: failure } : {}) });
      await this.#clock.sleep(waitMs, signal);
    }
    await resync;
    this.#report('stopped');
  }

  async #list(signal: AbortSignal): Promise<'at once' | KubeError> {
    const { kube, type, namespace, labelSelector, fieldSelector } = this.#options;
    this.#counts.lists++;
    this.#report('listing');
    try {
      const { items, resourceVersion } = await resource(kube, type, namespace).list({
        labelSelector,
        fieldSelector,
        signal,
      });
      if (aborted(signal)) return 'at once';
      this.#replace(items);
      this.#version = resourceVersion;
      this.#hasSynced = true;
      this.#synced.resolve(undefined);
      return 'at once';
    } catch (error) {
      return error instanceof KubeError ? error : fromFailure(error, `list ${type.plural}`);
    }
  }

  /** One watch; undefined means: wait a little, nothing is wrong. */
  async #watch(signal: AbortSignal): Promise<'at once' | KubeError | undefined> {
    const { kube, type, namespace, labelSelector, fieldSelector, stallMs = 90_000 } = this.#options;
    this.#counts.watches++;
    this.#report('watching');
    const begin = this.#clock.monotonic();
    const end = await watch<T>({
      kube,
      type,
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion: this.#version,
      timeoutSeconds: Math.round(300 + 300 * this.#random()),
      stallMs,
      clock: this.#clock,
      signal,
      onEvent: ({ type: what, object }) => {
        if (aborted(signal)) return;
        if (what === 'DELETED') this.#remove(object);
        else this.#put(object);
      },
      onVersion: (version) => (this.#version = version),
    });
    const good = this.#clock.monotonic() - begin >= GOOD_WATCH_MS;
    if (end.how !== 'failed') return good ? 'at once' : undefined;
    const { error } = end;
    // Out of date, or unknown to us: only a list puts it right. No connection or too much load: the version still holds.
    if (![0, 429, 503].includes(error.status)) this.#version = '';
    return good && (error.status === 0 || isGone(error)) ? 'at once' : error;
  }

  #replace(items: Stored<T>[]): void {
    const gone = new Map(this.#store.list().map((object) => [object.metadata.uid, object]));
    for (const item of items) gone.delete(item.metadata.uid);
    for (const object of gone.values()) this.#remove(object);
    for (const item of items) this.#put(item);
  }

  #put(raw: Stored<T>): void {
    const object = this.#transformed(raw);
    const previous = this.#store.set(object);
    if (!previous) this.#tell({ type: 'ADDED', object });
    else if (previous.metadata.resourceVersion === object.metadata.resourceVersion)
      this.#tell({ type: 'SYNC', object });
    else this.#tell({ type: 'MODIFIED', object, previous });
  }

  #remove(raw: Stored<T>): void {
    const object = this.#transformed(raw);
    if (this.#store.delete(object)) this.#tell({ type: 'DELETED', object });
  }

  #transformed(object: Stored<T>): Stored<T> {
    try {
      return (this.#options.transform ?? stripped)(object);
    } catch (error) {
      this.#complain(error, object);
      return object;
    }
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#complain(error, change.object);
    }
  }

  #complain(err: unknown, { metadata: { namespace, name } }: Stored): void {
    this.#counts.handlerErrors++;
    this.#logger.error({ err, namespace, name }, `a handler of ${this.#options.type.plural} threw`);
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { resyncMs = 0 } = this.#options;
    if (resyncMs <= 0) return;
    for (;;) {
      await this.#clock.sleep(resyncMs, signal);
      if (aborted(signal)) return;
      for (const object of this.#store.list()) this.#tell({ type: 'SYNC', object });
    }
  }

  #report(doing: ReflectorStatus['doing'], more: Pick<ReflectorStatus, 'waitMs' | 'error'> = {}): void {
    try {
      this.#options.onStatus?.({ doing, ...more, ...this.#counts });
    } catch (err) {
      this.#logger.error({ err }, 'a listener of the reflector threw');
    }
  }
}
