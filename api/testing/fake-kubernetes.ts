import { KubeError } from '../../kube/errors.ts';
import type { ProcedureInput } from '../../crds/index.ts';
import type { CatalogueChange } from '../procedures/catalogue.ts';
import type { Ids, ProcedureResource, StoredProcedure } from '../ports.ts';

/** The parts of an API server that the API relies on, in memory: versions, uids, write-once latches, a watch. */
export class FakeKubernetes implements ProcedureResource, Ids {
  readonly objects = new Map<string, StoredProcedure>();
  /** Calls so far, by verb. */
  readonly calls = { create: 0, get: 0, patch: 0, delete: 0 };
  /** Thrown by the next call of any verb. */
  failure: KubeError | undefined;
  /** Thrown by the next write, after it has been carried out: its answer was lost. */
  lost: KubeError | undefined;
  /** While false nothing reaches the watch. */
  watching = true;
  nextId = 1;
  readonly #watchers: ((change: CatalogueChange) => void)[] = [];
  #version = 0;

  next(count = 1): Promise<number> {
    const first = this.nextId;
    this.nextId += count;
    return Promise.resolve(first);
  }

  watch(handler: (change: CatalogueChange) => void): void {
    this.#watchers.push(handler);
    for (const object of this.objects.values()) handler({ type: 'ADDED', object });
  }

  async create(input: ProcedureInput): Promise<StoredProcedure> {
    this.calls.create++;
    await this.#turn();
    const { name = '' } = input.metadata;
    if (this.objects.has(name)) {
      throw new KubeError(`procedures.oet.skao.int "${name}" already exists`, { status: 409, reason: 'AlreadyExists' });
    }
    return this.#put('ADDED', {
      ...structuredClone(input),
      metadata: {
        ...structuredClone(input.metadata),
        name,
        uid: crypto.randomUUID(),
        creationTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
        resourceVersion: '',
      },
      status: { observedGeneration: -1, ...structuredClone(input.status) },
    } as StoredProcedure);
  }

  async get(name: string): Promise<StoredProcedure> {
    this.calls.get++;
    await this.#turn();
    return this.#existing(name);
  }

  async mergePatch(name: string, patch: object): Promise<StoredProcedure> {
    this.calls.patch++;
    await this.#turn();
    const old = this.#existing(name);
    const merged = merge(old, patch) as StoredProcedure;
    for (const latch of ['start', 'stop'] as const) {
      if (old.spec[latch] && JSON.stringify(old.spec[latch]) !== JSON.stringify(merged.spec[latch])) {
        throw new KubeError(`${latch} is write-once`, { status: 422, reason: 'Invalid' });
      }
    }
    return this.#put('MODIFIED', merged);
  }

  async delete(name: string, { uid }: { uid: string }): Promise<void> {
    this.calls.delete++;
    await this.#turn();
    const object = this.#existing(name);
    if (object.metadata.uid !== uid) throw new KubeError('other uid', { status: 409, reason: 'Conflict' });
    this.objects.delete(name);
    this.#tell('DELETED', object);
  }

  /** What the operator does to a status. */
  setStatus(name: string, status: Partial<StoredProcedure['status']>): StoredProcedure {
    return this.#put('MODIFIED', merge(this.#existing(name), { status }) as StoredProcedure);
  }

  #existing(name: string): StoredProcedure {
    const object = this.objects.get(name);
    if (object) return object;
    throw new KubeError(`procedures.oet.skao.int "${name}" not found`, { status: 404, reason: 'NotFound' });
  }

  #put(type: 'ADDED' | 'MODIFIED', object: StoredProcedure): StoredProcedure {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.objects.set(stored.metadata.name, stored);
    this.#tell(type, stored);
    const { lost } = this;
    this.lost = undefined;
    if (lost) throw lost;
    return stored;
  }

  #tell(type: CatalogueChange['type'], object: StoredProcedure): void {
    if (this.watching) for (const handler of this.#watchers) setImmediate(handler, { type, object });
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof target === 'object' && target !== null ? { ...(target as Record<string, unknown>) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}
