/**
 * A cluster in memory on a fake clock, around the operator's real code: resources with versions, watches that may lag,
 * pods that run FakePods, requests that fail before or after they took effect, and operators that die at any await.
 */
import type { Procedure } from '../../crds/index.ts';
import {
  KubeError,
  type Change,
  type Clock,
  type KubeObject,
  type Pod,
  type Resource,
  type Stored,
} from '../../kube/index.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { ContainerStreams, Link } from '../capture/ports.ts';
import { runTerm, type TermPorts } from '../term.ts';
import { FakePod, containerStatus, type ScriptModel } from './fake-pod.ts';
import { MemoryStore } from './memory-store.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Faults {
  /** Chance that a write fails without an effect, and that its answer is lost after it took effect. */
  readonly before: number;
  readonly after: number;
  /** Watch events come so late, ms, at most. */
  readonly lagMs: number;
  /** Chance that an attach swallows what is written into it. */
  readonly lossy: number;
  /** Chance that a single write is damaged on its way, and dropped by its reader. */
  readonly damaged: number;
}

interface Kind<T extends KubeObject> {
  readonly objects: Map<string, Stored<T>>;
  readonly watchers: Set<(change: Change<T>) => void>;
}

export class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly pods: Kind<Pod> = { objects: new Map(), watchers: new Set() };
  readonly procedures: Kind<Procedure> = { objects: new Map(), watchers: new Set() };
  /** All pods that ever were, by uid. */
  readonly fakes = new Map<string, FakePod>();
  readonly writes: string[] = [];
  faults: Faults = { before: 0, after: 0, lagMs: 0, lossy: 0, damaged: 0 };
  /** What the operator's role does not grant at present. */
  readonly forbidden = new Set<'attach' | 'log'>();
  #kubeletSilent = false;
  #version = 1;
  #uid = 0;
  #id = 0;
  #session = 0;
  readonly #random: () => number;
  readonly #script: ScriptModel;
  #operator: { abort: AbortController; done: Promise<void> } | undefined;

  constructor(options: { random?: () => number; script?: Partial<ScriptModel> } = {}) {
    this.#random = options.random ?? Math.random;
    this.#script = { initMs: 5, runMs: 50, cleanupMs: 10, lines: 30, version: 2, ...options.script };
  }

  get mains(): number {
    return [...this.fakes.values()].reduce((sum, { mains }) => sum + mains, 0);
  }

  get loads(): number {
    return [...this.fakes.values()].reduce((sum, { loads }) => sum + loads, 0);
  }

  procedure(name: string): Stored<Procedure> | undefined {
    return this.procedures.objects.get(name);
  }

  /** Somebody applies a procedure. */
  create(name: string, spec: Partial<Procedure['spec']> = {}): Stored<Procedure> {
    const object = {
      apiVersion: 'oet.skao.int/v1alpha1',
      kind: 'Procedure',
      metadata: { ...this.#identity(name), generation: 1 },
      spec: {
        script: { inline: 'def main(): pass' },
        startPolicy: 'Manual',
        deadlines: { prepareSeconds: 600 },
        retention: { podSeconds: 0, outputSeconds: 1 },
        output: { maxBytes: 1024, captureSeconds: 30 },
        ...spec,
      },
      status: { observedGeneration: -1 },
    } as Stored<Procedure>;
    this.#put(this.procedures, object, 'ADDED');
    return object;
  }

  /** Somebody patches the spec: start or stop. */
  patchSpec(name: string, spec: Partial<Procedure['spec']>): void {
    const old = this.procedures.objects.get(name);
    if (old) this.#put(this.procedures, { ...old, spec: { ...old.spec, ...spec } }, 'MODIFIED');
  }

  deleteProcedure(name: string): void {
    const object = this.procedures.objects.get(name);
    if (!object) return;
    this.procedures.objects.delete(name);
    this.#tell(this.procedures, { type: 'DELETED', object: this.#versioned(object) });
    // Garbage collection, a moment later.
    this.clock.setTimeout(() => {
      for (const pod of this.pods.objects.values())
        if (pod.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid))
          this.deletePod(pod.metadata.name, 40);
    }, 20);
  }

  deletePod(name: string, graceSeconds: number): void {
    const pod = this.pods.objects.get(name);
    if (!pod || pod.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.clock.now() + graceSeconds * 1000).toISOString();
    this.#put(this.pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp } }, 'MODIFIED');
    const fake = this.fakes.get(pod.metadata.uid);
    if (!fake?.alive) return this.#vanish(pod.metadata.uid);
    this.clock.setTimeout(() => fake.sigterm(), 500 * this.#random());
    this.clock.setTimeout(() => fake.kill(), graceSeconds * 1000);
  }

  /** The pod object goes at once, its process is killed: `kubectl delete --force`. */
  forceDeletePod(name: string): void {
    const pod = this.pods.objects.get(name);
    if (!pod) return;
    this.pods.objects.delete(name);
    this.#tell(this.pods, { type: 'DELETED', object: this.#versioned(pod) });
    this.fakes.get(pod.metadata.uid)?.kill();
  }

  /** The kubelet writes a pod's status. */
  putPod(pod: Stored<Pod>): void {
    this.#put(this.pods, pod, 'MODIFIED');
  }

  /** From now on the kubelet tells nothing of pods. */
  holdKubelet(): void {
    this.#kubeletSilent = true;
  }

  startOperator(): void {
    const abort = new AbortController();
    this.#operator = { abort, done: runTerm(this.#ports(abort.signal, ++this.#session), abort.signal) };
  }

  /** kill -9: nothing of it is written or read any more; its promises stay where they are. */
  killOperator(): void {
    this.#operator?.abort.abort();
    this.#operator = undefined;
  }

  async stop(): Promise<void> {
    const operator = this.#operator;
    operator?.abort.abort();
    await operator?.done;
  }

  #ports(life: AbortSignal, session: number): TermPorts {
    return {
      namespace: 'test',
      session,
      holder: `operator-${session}`,
      procedures: this.#resource(this.procedures, life, 'procedures'),
      pods: this.#resource(this.pods, life, 'pods'),
      watchProcedures: (onChange) =>
        this.#watch(this.procedures, onChange, life, ({ status }) => status.phase !== 'Finished'),
      watchPods: (onChange) => this.#watch(this.pods, onChange, life, () => true),
      streamsOf: (name) => this.#streams(name, life),
      store: this.store.asStore(),
      ids: { next: () => Promise.resolve(++this.#id) },
      scripts: { folders: [], configMapKey: () => Promise.resolve(undefined) },
      runner: { source: 'runner', sha256: '' },
      podSettings: { bootstrap: '', image: 'python', imagePullPolicy: 'Never', runAsUser: undefined, env: {} },
      settings: { toleranceMs: 60_000, stopAnswerMs: 500, drainMs: 30_000 },
      record: () => undefined,
      clock: this.#mortal(life),
      log: quiet,
      onReady: () => undefined,
    };
  }

  /** A dead operator's timers never fire. */
  #mortal(life: AbortSignal): Clock {
    const { clock } = this;
    const setTimeout: Clock['setTimeout'] = (callback, ms) => clock.setTimeout(() => life.aborted || callback(), ms);
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      setTimeout,
    };
  }

  #resource<T extends KubeObject>(kind: Kind<T>, life: AbortSignal, what: string): Resource<T> {
    const dead = (): boolean => life.aborted;
    const call = async <R>(name: string, write: boolean, effect: () => R): Promise<R> => {
      await Promise.resolve();
      if (dead()) return new Promise<never>(() => undefined);
      if (write && this.#random() < this.faults.before) throw new KubeError('injected', { status: 500 });
      const result = effect();
      if (write) this.writes.push(`${what} ${name}`);
      if (write && this.#random() < this.faults.after)
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
      create: (object) => call('create', true, () => this.#create(kind, object)),
      replace: unused,
      replaceStatus: unused,
      mergePatch: (name, patch) => call('status', true, () => this.#patchStatus(kind, found(name), patch as Patch)),
      jsonPatch: unused,
      apply: unused,
      delete: (name, options) =>
        call('delete', true, () => {
          const object = found(name);
          if (options?.uid !== undefined && options.uid !== object.metadata.uid)
            throw new KubeError('uid', { status: 409, reason: 'Conflict' });
          this.deletePod(name, options?.gracePeriodSeconds ?? 30);
        }),
    };
  }

  #create<T extends KubeObject>(kind: Kind<T>, object: T): Stored<T> {
    const name = object.metadata.name ?? '';
    if (kind.objects.has(name)) throw new KubeError('exists', { status: 409, reason: 'AlreadyExists' });
    const stored = { ...object, metadata: { ...object.metadata, ...this.#identity(name) } } as unknown as Stored<T>;
    this.#put(kind, stored, 'ADDED');
    this.#startPod(stored as unknown as Stored<Pod>);
    return stored;
  }

  #startPod(pod: Stored<Pod>): void {
    this.clock.setTimeout(() => {
      const live = this.pods.objects.get(pod.metadata.name);
      if (live?.metadata.uid !== pod.metadata.uid) return;
      if (live.metadata.deletionTimestamp !== undefined) return this.#vanish(pod.metadata.uid);
      const { uid } = pod.metadata;
      const fake = new FakePod({ script: this.#script, clock: this.clock, onExit: () => this.#exited(uid) });
      this.fakes.set(uid, fake);
      fake.boot();
      this.clock.setTimeout(() => this.#kubeletStatus(uid), 1_000 * this.#random());
    }, 60);
  }

  #exited(uid: string): void {
    this.clock.setTimeout(() => {
      this.#kubeletStatus(uid);
      const pod = [...this.pods.objects.values()].find(({ metadata }) => metadata.uid === uid);
      if (pod?.metadata.deletionTimestamp !== undefined) this.#vanish(uid);
    }, 1_000 * this.#random());
  }

  #kubeletStatus(uid: string): void {
    if (this.#kubeletSilent) return;
    const pod = [...this.pods.objects.values()].find(({ metadata }) => metadata.uid === uid);
    const status = pod && containerStatus(pod, this.fakes.get(uid), this.clock.now());
    if (pod && status) this.#put(this.pods, { ...pod, status }, 'MODIFIED');
  }

  #vanish(uid: string): void {
    const pod = [...this.pods.objects.values()].find(({ metadata }) => metadata.uid === uid);
    if (!pod) return;
    this.pods.objects.delete(pod.metadata.name);
    this.#tell(this.pods, { type: 'DELETED', object: this.#versioned(pod) });
  }

  /** A merge patch of status, with the CRD's latches: a broken one is a fault that a test must see. */
  #patchStatus<T extends KubeObject>(kind: Kind<T>, object: Stored<T>, patch: Patch): Stored<T> {
    const { uid, resourceVersion } = patch.metadata;
    if (
      uid !== object.metadata.uid ||
      (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
    )
      throw new KubeError('the object has been modified', { status: 409, reason: 'Conflict' });
    const old = (object as unknown as Stored<Procedure>).status;
    const status = {
      ...old,
      ...patch.status,
      ...(patch.status.permit && { permit: { ...old.permit, ...patch.status.permit } }),
      ...(patch.status.source && { source: { ...old.source, ...patch.status.source } }),
    };
    const latched = (name: string, before: unknown, after: unknown): void => {
      if (before !== undefined && before !== after)
        throw new KubeError(`${name} is write-once`, { status: 422, reason: 'Invalid' });
    };
    latched('id', old.id, status.id);
    latched('pod.uid', old.pod?.uid, status.pod?.uid);
    latched('permit.nonce', old.permit?.nonce, status.permit?.nonce);
    latched('permit.mainTime', old.permit?.mainTime, status.permit?.mainTime);
    if (old.phase === 'Finished') latched('state', old.state, status.state);
    const changed = { ...object, status };
    this.#put(kind, changed, 'MODIFIED');
    return kind.objects.get(object.metadata.name) ?? changed;
  }

  #watch<T extends KubeObject>(
    kind: Kind<T>,
    onChange: (change: Change<T>) => void,
    life: AbortSignal,
    selects: (object: Stored<T>) => boolean,
  ) {
    const synced = Promise.withResolvers<undefined>();
    const deliver = (change: Change<T>): void => {
      if (life.aborted) return;
      if (change.type !== 'DELETED' && !selects(change.object)) onChange({ ...change, type: 'DELETED' });
      else onChange(change);
    };
    // One queue per watch: late, never out of order.
    let last = 0;
    const lagging = (change: Change<T>): void => {
      last = Math.max(last, this.clock.now() + this.faults.lagMs * this.#random());
      this.clock.setTimeout(() => deliver(change), last - this.clock.now());
    };
    return {
      synced: synced.promise,
      run: async (signal: AbortSignal): Promise<void> => {
        kind.watchers.add(lagging);
        for (const object of kind.objects.values()) if (selects(object)) deliver({ type: 'ADDED', object });
        synced.resolve(undefined);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        kind.watchers.delete(lagging);
      },
    };
  }

  #streams(name: string, life: AbortSignal): ContainerStreams {
    const fakeOf = (): FakePod | undefined => {
      const uid = this.pods.objects.get(name)?.metadata.uid;
      return uid === undefined ? undefined : this.fakes.get(uid);
    };
    return {
      attach: async ({ stdout }, signal): Promise<Link> => {
        await this.clock.sleep(3, life);
        if (this.forbidden.has('attach')) throw new KubeError('may not attach', { status: 403 });
        const fake = fakeOf();
        if (!fake?.alive || life.aborted) throw new KubeError('no container', { status: 400 });
        const closed = Promise.withResolvers<{ failure?: string }>();
        const swallows = this.#random() < this.faults.lossy;
        let open = true;
        let unlisten = (): unknown => undefined;
        const close = (failure?: string): void => {
          if (!open) return;
          open = false;
          unlisten();
          closed.resolve(failure === undefined ? {} : { failure });
        };
        signal.addEventListener('abort', () => close(), { once: true });
        if (swallows) this.clock.setTimeout(() => close('lost'), 20 + 200 * this.#random());
        const write = (data: Buffer): Promise<void> => {
          if (!open) return Promise.reject(new Error('closed'));
          const lost = swallows || this.#random() < this.faults.damaged;
          if (!lost && !life.aborted) this.clock.setTimeout(() => fake.stdin(data), 1);
          return Promise.resolve();
        };
        const onStdout = (listener: (chunk: Buffer) => void): void => {
          if (!stdout || swallows) return;
          unlisten = fake.listen((chunk) => {
            if (!life.aborted) listener(chunk);
          });
        };
        return {
          get open() {
            return open && !life.aborted;
          },
          write,
          onStdout,
          closed: closed.promise,
          close: () => close(),
        };
      },
      readLog: async ({ follow }, onChunk, signal) => {
        await this.clock.sleep(2, signal);
        if (this.forbidden.has('log')) return { how: 'refused', status: 403, message: 'may not read logs' };
        const fake = fakeOf();
        if (!fake)
          return this.pods.objects.has(name)
            ? { how: 'refused', status: 400, message: 'waiting' }
            : { how: 'refused', status: 404, message: 'gone' };
        let at = 0;
        while (!signal.aborted) {
          const over = !fake.alive || !follow;
          if (at < fake.log.length) {
            await onChunk(Buffer.concat(fake.log.slice(at)));
            at = fake.log.length;
          }
          if (over) return { how: 'eof' };
          await this.clock.sleep(5, signal);
        }
        return { how: 'broken' };
      },
    };
  }

  #identity(name: string) {
    return {
      name,
      namespace: 'test',
      uid: `uid-${++this.#uid}`,
      resourceVersion: String(++this.#version),
      creationTimestamp: new Date(this.clock.now()).toISOString(),
    };
  }

  #versioned<T extends KubeObject>(object: Stored<T>): Stored<T> {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
  }

  #put<T extends KubeObject>(kind: Kind<T>, object: Stored<T>, type: 'ADDED' | 'MODIFIED'): void {
    const versioned = this.#versioned(object);
    kind.objects.set(object.metadata.name, versioned);
    this.#tell(kind, { type, object: versioned });
  }

  #tell<T extends KubeObject>(kind: Kind<T>, change: Change<T>): void {
    for (const watcher of kind.watchers) watcher(change);
  }
}

interface Patch {
  readonly metadata: { uid?: string; resourceVersion?: string };
  readonly status: Procedure['status'];
}
