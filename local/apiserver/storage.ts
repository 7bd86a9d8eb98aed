import type { KubeObject } from './objects.ts';
import { createMemoryStorage } from './storage/memory.ts';
import { openDatabase } from './storage/database.ts';

/** One change of one object, as watchers get it. */
export interface StorageEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** `pods`, `configmaps`, …; `group/plural` outside the core group, e.g. `oet.skao.int/procedures`. */
  gvr: string;
  object: KubeObject;
  /** What was there before; absent for ADDED. */
  oldObject?: KubeObject;
  resourceVersion: number;
}

/** Why a write was refused. */
export class StorageError extends Error {
  readonly reason: 'NotFound' | 'AlreadyExists' | 'Conflict';
  constructor(reason: 'NotFound' | 'AlreadyExists' | 'Conflict', message: string) {
    super(message);
    this.name = 'StorageError';
    this.reason = reason;
  }
}

/** Conditions of a delete. */
interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

/**
 * All objects of all kinds, with one global integer resourceVersion. Every call is synchronous and atomic; what it
 * returns is shared and must not be changed. Listeners run after the commit, in commit order, before the call returns
 * (or, for a write made inside a listener, after that listener).
 */
export interface Storage {
  /** The resourceVersion of the last write. */
  readonly resourceVersion: number;
  get(gvr: string, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Sorted by namespace and name; all namespaces without `namespace`. */
  list(gvr: string, namespace?: string, match?: (object: KubeObject) => boolean): KubeObject[];
  /** Sets uid, creationTimestamp (where absent) and resourceVersion. Throws AlreadyExists. */
  create(gvr: string, object: KubeObject): KubeObject;
  /**
   * Replaces the object. A `metadata.resourceVersion` is a precondition (Conflict); NotFound if it is not there. An
   * unchanged object is returned as it is, without an event. An object whose deletion waits for nothing any more
   * (deletionTimestamp, no finalizers, no grace left) is removed.
   */
  update(gvr: string, object: KubeObject): KubeObject;
  /** Read, change, write in one step; undefined from `change` writes nothing. Undefined if the object is not there. */
  modify(
    gvr: string,
    namespace: string | undefined,
    name: string,
    change: (current: KubeObject) => KubeObject | undefined,
  ): KubeObject | undefined;
  /** Removes the object, or, while it has finalizers, only marks it. Undefined if it was not there; throws Conflict. */
  delete(
    gvr: string,
    namespace: string | undefined,
    name: string,
    preconditions?: Preconditions,
  ): KubeObject | undefined;
  /** The kinds that have objects. */
  kinds(): string[];
  /** The object as JSON text, made once per object. */
  json(object: KubeObject): string;
  /** Events after a resourceVersion; undefined when they are no longer kept (410). */
  since(gvr: string, resourceVersion: number): StorageEvent[] | undefined;
  /** Forgets the events kept for `since`, of one kind or of all. */
  compact(gvr?: string): void;
  subscribe(listener: (event: StorageEvent) => void): () => void;
  close(): void;
}

/** Options of {@link openStorage}. */
export interface StorageOptions {
  /** A folder for `objects.sqlite`; in memory only without it. */
  dataDir?: string | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Events kept for watches that resume; 4,000 by default. */
  windowSize?: number;
  /** Called with what a listener threw; by default it is thrown again in a microtask, which ends the process. */
  onListenerError?: (error: unknown) => void;
}

/** Opens the store; with a dataDir it holds what was there before. */
export function openStorage(options: StorageOptions = {}): Storage {
  return createMemoryStorage(
    options,
    options.dataDir === undefined ? undefined : openDatabase(options.dataDir),
    (reason, message) => new StorageError(reason, message),
  );
}
