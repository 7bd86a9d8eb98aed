import type { StoredProcedure } from '../ports.ts';
import { idOf } from './resource.ts';

/** A change as the reflector tells it. */
export interface CatalogueChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNC';
  readonly object: StoredProcedure;
}

/**
 * The procedures of the namespace: what the watch has shown, and what this server has written itself and the watch has not
 * shown yet. So a client that got an answer from us never sees a list that is older than it.
 */
export class Catalogue {
  readonly #byName = new Map<string, StoredProcedure>();
  /** Uids that we deleted; the watch may still show them once. */
  readonly #deleted = new Set<string>();
  readonly #names = new Map<number, string>();
  readonly #waiting = new Set<() => void>();
  /** Names of what we made, until the watch shows it. */
  readonly #unseen = new Set<string>();
  #maxId = 0;

  /** The highest id seen. */
  get maxId(): number {
    return this.#maxId;
  }

  /** What the watch shows. */
  apply({ type, object }: CatalogueChange): void {
    const { name, uid } = object.metadata;
    if (type === 'DELETED') {
      this.#deleted.delete(uid);
      if (this.#byName.get(name)?.metadata.uid === uid) this.#drop(name);
    } else if (!this.#deleted.has(uid)) {
      this.#unseen.delete(name);
      this.#put(object);
    }
    this.#wake();
  }

  /** What a write of ours returned. */
  noteWritten(object: StoredProcedure): void {
    const { name } = object.metadata;
    if (!this.#byName.has(name)) this.#unseen.add(name);
    this.#put(object);
  }

  /** What was looked for and found before the watch has shown it. False if we have deleted it. */
  noteFound(object: StoredProcedure): boolean {
    if (this.#deleted.has(object.metadata.uid)) return false;
    this.noteWritten(object);
    return true;
  }

  /** What we made and the watch has not shown. What came and went while the watch was broken stays here until somebody looks. */
  unseen(): StoredProcedure[] {
    return [...this.#unseen].map((name) => this.#byName.get(name)).filter((object) => object !== undefined);
  }

  /** We have asked for its deletion: it is gone for our clients. */
  noteDeleted(object: StoredProcedure): void {
    const { name, uid } = object.metadata;
    this.#deleted.add(uid);
    if (this.#byName.get(name)?.metadata.uid === uid) this.#drop(name);
    this.#wake();
  }

  /** The deletion failed after all. */
  undelete(object: StoredProcedure): void {
    if (this.#deleted.delete(object.metadata.uid)) this.#put(object);
  }

  get(id: number): StoredProcedure | undefined {
    const name = this.#names.get(id);
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** The newest version of this very object; undefined if it is gone. */
  current({ metadata: { name, uid } }: StoredProcedure): StoredProcedure | undefined {
    const known = this.#byName.get(name);
    return known?.metadata.uid === uid ? known : undefined;
  }

  /** Those that have an id, oldest first. */
  list(): StoredProcedure[] {
    return [...this.#names.keys()]
      .sort((a, b) => a - b)
      .map((id) => this.get(id))
      .filter((procedure) => procedure !== undefined);
  }

  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }

  /** An older version than the one that is known changes nothing. */
  #put(object: StoredProcedure): void {
    const { name } = object.metadata;
    const known = this.#byName.get(name);
    if (known && isNewer(known, object)) return;
    const oldId = known && idOf(known);
    if (oldId !== undefined && this.#names.get(oldId) === name) this.#names.delete(oldId);
    this.#byName.set(name, object);
    const id = idOf(object);
    if (id === undefined) return;
    this.#names.set(id, name);
    this.#maxId = Math.max(this.#maxId, id);
  }

  #drop(name: string): void {
    this.#unseen.delete(name);
    const old = this.#byName.get(name);
    this.#byName.delete(name);
    const id = old && idOf(old);
    if (id !== undefined && this.#names.get(id) === name) this.#names.delete(id);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** Versions grow and can be compared since Kubernetes 1.35; of two objects of one name the later made one is newer. */
function isNewer(known: StoredProcedure, object: StoredProcedure): boolean {
  const [a, b] = [Number(known.metadata.resourceVersion), Number(object.metadata.resourceVersion)];
  return Number.isFinite(a) && Number.isFinite(b) && a > b;
}
