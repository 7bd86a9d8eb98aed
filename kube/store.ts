import type { KubeObject, Stored } from './meta.ts';

/** Values under which an object is found. */
export type IndexFunction<T extends KubeObject> = (object: Stored<T>) => readonly string[];

/** What a reflector knows. Objects are shared: whoever wants to change one copies it. */
export interface ReadStore<T extends KubeObject> {
  readonly size: number;
  get(name: string, namespace?: string): Stored<T> | undefined;
  list(): Stored<T>[];
  /** Adds an index over what is there and what comes; the same name twice replaces it. */
  indexBy(index: string, values: IndexFunction<T>): void;
  /** The objects that an index has under this value; throws for an index that was never added. */
  byIndex(index: string, value: string): Stored<T>[];
}

interface Index<T extends KubeObject> {
  values: IndexFunction<T>;
  keys: Map<string, Set<string>>;
}

/** Objects by namespace and name, with indexes that are kept as they change. */
export class Store<T extends KubeObject> implements ReadStore<T> {
  readonly #namespace: string | undefined;
  readonly #objects = new Map<string, Stored<T>>();
  readonly #indexes = new Map<string, Index<T>>();

  /** With a namespace, `get` needs none. */
  constructor(namespace?: string) {
    this.#namespace = namespace;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(name: string, namespace = this.#namespace): Stored<T> | undefined {
    return this.#objects.get(key(name, namespace));
  }

  list(): Stored<T>[] {
    return [...this.#objects.values()];
  }

  /** Puts an object in place of the one of its name; returns that. */
  set(object: Stored<T>): Stored<T> | undefined {
    const at = keyOf(object);
    const old = this.#objects.get(at);
    for (const index of this.#indexes.values()) {
      if (old) drop(index, at, old);
      add(index, at, object);
    }
    this.#objects.set(at, object);
    return old;
  }

  /** Takes away the object of this one's name; returns it. */
  delete(object: Stored): Stored<T> | undefined {
    const at = keyOf(object);
    const old = this.#objects.get(at);
    if (!old) return undefined;
    for (const index of this.#indexes.values()) drop(index, at, old);
    this.#objects.delete(at);
    return old;
  }

  indexBy(name: string, values: IndexFunction<T>): void {
    const index: Index<T> = { values, keys: new Map() };
    for (const [at, object] of this.#objects) add(index, at, object);
    this.#indexes.set(name, index);
  }

  byIndex(name: string, value: string): Stored<T>[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index "${name}"`);
    const found: Stored<T>[] = [];
    for (const at of index.keys.get(value) ?? []) {
      const object = this.#objects.get(at);
      if (object) found.push(object);
    }
    return found;
  }
}

const key = (name: string, namespace = ''): string => `${namespace}/${name}`;
const keyOf = ({ metadata }: Stored): string => key(metadata.name, metadata.namespace);

function add<T extends KubeObject>(index: Index<T>, at: string, object: Stored<T>): void {
  for (const value of index.values(object)) {
    const keys = index.keys.get(value);
    if (keys) keys.add(at);
    else index.keys.set(value, new Set([at]));
  }
}

function drop<T extends KubeObject>(index: Index<T>, at: string, object: Stored<T>): void {
  for (const value of index.values(object)) {
    const keys = index.keys.get(value);
    keys?.delete(at);
    if (keys?.size === 0) index.keys.delete(value);
  }
}
