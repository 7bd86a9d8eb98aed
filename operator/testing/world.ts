/**
 * A cluster in memory on a fake clock, around the operator's real code: resources with versions, watches that may lag,
 * pods that run FakePods, requests that fail before or after they took effect, and operators that die at any await.
 */
import type { Procedure } from '../../crds/index.ts';
import { KubeError, type Clock, type KubeObject, type Pod, type Resource, type Stored } from '../../kube/index.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { runTerm, type TermPorts } from '../term.ts';
import { FakeKind, fakeResource, type Effects } from './fake-kind.ts';
import { FakePod, containerStatus, type ScriptModel } from './fake-pod.ts';
import { MemoryStore } from './memory-store.ts';
import { podStreams, type StreamFaults } from './pod-streams.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Faults extends StreamFaults {
  /** Chance that a write fails without an effect, and that its answer is lost after it took effect. */
  readonly before: number;
  readonly after: number;
  /** Watch events come so late, ms, at most. */
  readonly lagMs: number;
}

export class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly pods: FakeKind<Pod>;
  readonly procedures: FakeKind<Procedure>;
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
  readonly #concurrentStarts: number;
  #operator: { abort: AbortController; done: Promise<void> } | undefined;

  constructor(options: { random?: () => number; script?: Partial<ScriptModel>; concurrentStarts?: number } = {}) {
    this.#concurrentStarts = options.concurrentStarts ?? 6;
    this.#random = options.random ?? Math.random;
    const versions = { clock: this.clock, nextVersion: () => String(++this.#version) };
    this.pods = new FakeKind(versions);
    this.procedures = new FakeKind(versions);
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
    this.procedures.put(object, 'ADDED');
    return object;
  }

  /** Somebody patches the spec: start or stop. */
  patchSpec(name: string, spec: Partial<Procedure['spec']>): void {
    const old = this.procedures.objects.get(name);
    if (old) this.procedures.put({ ...old, spec: { ...old.spec, ...spec } }, 'MODIFIED');
  }

  deleteProcedure(name: string): void {
    const object = this.procedures.objects.get(name);
    if (!object) return;
    this.procedures.remove(object);
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
    this.pods.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } }, 'MODIFIED');
    const fake = this.fakes.get(pod.metadata.uid);
    if (!fake?.alive) return this.#vanish(pod.metadata.uid);
    this.clock.setTimeout(() => fake.sigterm(), 500 * this.#random());
    this.clock.setTimeout(() => fake.kill(), graceSeconds * 1000);
  }

  /** The pod object goes at once, its process is killed: `kubectl delete --force`. */
  forceDeletePod(name: string): void {
    const pod = this.pods.objects.get(name);
    if (!pod) return;
    this.pods.remove(pod);
    this.fakes.get(pod.metadata.uid)?.kill();
  }

  /** The kubelet writes a pod's status. */
  putPod(pod: Stored<Pod>): void {
    this.pods.put(pod, 'MODIFIED');
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
    const lagMs = (): number => this.faults.lagMs * this.#random();
    return {
      namespace: 'test',
      session,
      holder: `operator-${session}`,
      procedures: this.#resource(this.procedures, life, 'procedures', {
        create: () => {
          throw new Error('the operator creates no procedure');
        },
        mergePatch: (object, patch) => this.procedures.put(patchedStatus(object, patch as Patch), 'MODIFIED'),
        delete: () => {
          throw new Error('the operator deletes no procedure');
        },
      }),
      pods: this.#resource(this.pods, life, 'pods', {
        create: (pod) => this.#createPod(pod),
        mergePatch: () => {
          throw new Error('the operator patches no pod');
        },
        delete: ({ metadata: { name } }, graceSeconds) => this.deletePod(name, graceSeconds),
      }),
      watchProcedures: (onChange) =>
        this.procedures.watch({ onChange, life, lagMs, selects: ({ status }) => status.phase !== 'Finished' }),
      watchPods: (onChange) => this.pods.watch({ onChange, life, lagMs, selects: () => true }),
      streamsOf: (name) =>
        podStreams({
          pod: () => this.#containerOf(name),
          clock: this.clock,
          random: this.#random,
          faults: () => this.faults,
          forbidden: this.forbidden,
          life,
        }),
      store: this.store.asStore(),
      ids: { next: () => Promise.resolve(++this.#id) },
      scripts: { folders: [], configMapKey: () => Promise.resolve(undefined) },
      runner: { source: 'runner', sha256: '' },
      podSettings: { bootstrap: '', image: 'python', imagePullPolicy: 'Never', runAsUser: undefined, env: {} },
      settings: { toleranceMs: 60_000, stopAnswerMs: 500, drainMs: 30_000 },
      concurrentStarts: this.#concurrentStarts,
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

  #resource<T extends KubeObject>(
    kind: FakeKind<T>,
    life: AbortSignal,
    what: string,
    effects: Effects<T>,
  ): Resource<T> {
    const fails = (when: 'before' | 'after'): boolean => this.#random() < this.faults[when];
    return fakeResource(kind, { what, effects, fails, life, onWrite: (write) => this.writes.push(write) });
  }

  #containerOf(name: string): FakePod | 'waiting' | 'gone' {
    const pod = this.pods.objects.get(name);
    return pod ? (this.fakes.get(pod.metadata.uid) ?? 'waiting') : 'gone';
  }

  #createPod(pod: Pod): Stored<Pod> {
    const metadata = { ...pod.metadata, ...this.#identity(pod.metadata.name ?? '') };
    const stored = this.pods.put({ ...pod, metadata }, 'ADDED');
    this.#startPod(stored);
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
      const pod = this.pods.byUid(uid);
      if (pod?.metadata.deletionTimestamp !== undefined) this.#vanish(uid);
    }, 1_000 * this.#random());
  }

  #kubeletStatus(uid: string): void {
    if (this.#kubeletSilent) return;
    const pod = this.pods.byUid(uid);
    const status = pod && containerStatus(pod, this.fakes.get(uid), this.clock.now());
    if (pod && status) this.pods.put({ ...pod, status }, 'MODIFIED');
  }

  #vanish(uid: string): void {
    const pod = this.pods.byUid(uid);
    if (pod) this.pods.remove(pod);
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
}

interface Patch {
  readonly metadata: { uid?: string; resourceVersion?: string };
  readonly status: Procedure['status'];
}

/** A merge patch of status, with the CRD's latches: a broken one is a fault that a test must see. */
function patchedStatus(object: Stored<Procedure>, patch: Patch): Stored<Procedure> {
  const { uid, resourceVersion } = patch.metadata;
  if (
    uid !== object.metadata.uid ||
    (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
  )
    throw new KubeError('the object has been modified', { status: 409, reason: 'Conflict' });
  const old = object.status;
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
  return { ...object, status };
}
