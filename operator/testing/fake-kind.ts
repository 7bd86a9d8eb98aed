/** The objects of one kind with their versions, watches of them that may lag, and requests that may fail before or after they took effect. */
import { KubeError, type Change, type Clock, type KubeObject, type Resource, type Stored } from '../../kube/index.ts';

interface Watch<T extends KubeObject> {
  readonly onChange: (change: Change<T>) => void;
  /** What does not pass is told as DELETED, as the API server does where an object leaves a selector. */
  readonly selects: (object: Stored<T>) => boolean;
  /** How late an event comes, ms; never out of order. */
  readonly lagMs: () => number;
  /** Whose watch it is: a dead operator is told nothing. */
  readonly life: AbortSignal;
}

export class FakeKind<T extends KubeObject> {
  readonly objects = new Map<string, Stored<T>>();
  readonly #watchers = new Set<(change: Change<T>) => void>();
  readonly #clock: Clock;
  readonly #nextVersion: () => string;

  constructor(options: { clock: Clock; nextVersion: () => string }) {
    this.#clock = options.clock;
    this.#nextVersion = options.nextVersion;
  }

  put(object: Stored<T>, type: 'ADDED' | 'MODIFIED'): Stored<T> {
    const versioned = this.#versioned(object);
    this.objects.set(object.metadata.name, versioned);
    this.#tell({ type, object: versioned });
    return versioned;
  }

  remove(object: Stored<T>): void {
    this.objects.delete(object.metadata.name);
    this.#tell({ type: 'DELETED', object: this.#versioned(object) });
  }

  byUid(wanted: string): Stored<T> | undefined {
    return [...this.objects.values()].find(({ metadata }) => metadata.uid === wanted);
  }

  watch({ onChange, selects, lagMs, life }: Watch<T>) {
    const synced = Promise.withResolvers<undefined>();
    const deliver = (change: Change<T>): void => {
      if (life.aborted) return;
      if (change.type !== 'DELETED' && !selects(change.object)) onChange({ ...change, type: 'DELETED' });
      else onChange(change);
    };
    // One queue per watch: late, never out of order.
    let last = 0;
    const lagging = (change: Change<T>): void => {
      last = Math.max(last, this.#clock.now() + lagMs());
      this.#clock.setTimeout(() => deliver(change), last - this.#clock.now());
    };
    return {
      synced: synced.promise,
      run: async (signal: AbortSignal): Promise<void> => {
        this.#watchers.add(lagging);
        for (const object of this.objects.values()) if (selects(object)) deliver({ type: 'ADDED', object });
        synced.resolve(undefined);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        this.#watchers.delete(lagging);
      },
    };
  }

  #versioned(object: Stored<T>): Stored<T> {
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.#nextVersion() } };
  }

  #tell(change: Change<T>): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}

/** What the API server does for each write of the operator's. */
export interface Effects<T extends KubeObject> {
  readonly create: (object: T) => Stored<T>;
  readonly mergePatch: (object: Stored<T>, patch: object) => Stored<T>;
  readonly delete: (object: Stored<T>, graceSeconds: number) => void;
}

/** One operator's access to a kind: as much of it as the operator uses. */
export function fakeResource<T extends KubeObject>(
  kind: FakeKind<T>,
  options: {
    /** For messages and the row of writes. */
    what: string;
    effects: Effects<T>;
    /** Whether the request fails now, without an effect or after it: its answer is lost. */
    fails: (when: 'before' | 'after') => boolean;
    onWrite: (write: string) => void;
    /** Whose access it is: a dead operator's requests neither arrive nor return. */
    life: AbortSignal;
  },
): Resource<T> {
  const { what, effects, fails, onWrite, life } = options;
  const dead = (): boolean => life.aborted;
  const call = async <R>(name: string, write: boolean, effect: () => R): Promise<R> => {
    await Promise.resolve();
    if (dead()) return new Promise<never>(() => undefined);
    if (write && fails('before')) throw new KubeError('injected', { status: 500 });
    const result = effect();
    if (write) onWrite(`${what} ${name}`);
    if (write && fails('after'))
      throw new KubeError('injected: the answer is lost', { status: 0, code: 'UND_ERR_SOCKET' });
    await Promise.resolve();
    if (dead()) return new Promise<never>(() => undefined);
    return result;
  };
  const found = (name: string): Stored<T> => {
    const object = kind.objects.get(name);
    if (!object) throw new KubeError(`${what} "${name}" not found`, { status: 404, reason: 'NotFound' });
    return object;
  };
  const unused = (): never => {
    throw new Error('the operator does not use this');
  };
  return {
    get: (name) => call('get', false, () => found(name)),
    list: unused,
    create: (object) =>
      call('create', true, () => {
        if (kind.objects.has(object.metadata.name ?? ''))
          throw new KubeError('exists', { status: 409, reason: 'AlreadyExists' });
        return effects.create(object);
      }),
    replace: unused,
    replaceStatus: unused,
    mergePatch: (name, patch) => call('status', true, () => effects.mergePatch(found(name), patch)),
    jsonPatch: unused,
    apply: unused,
    delete: (name, given) =>
      call('delete', true, () => {
        const object = found(name);
        if (given?.uid !== undefined && given.uid !== object.metadata.uid)
          throw new KubeError('uid', { status: 409, reason: 'Conflict' });
        effects.delete(object, given?.gracePeriodSeconds ?? 30);
      }),
  };
}
