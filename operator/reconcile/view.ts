/**
 * What the operator believes of the cluster: the newest version seen of each procedure and pod, from watches and from its
 * own writes, by the procedure's uid. Two procedures that had the same name one after the other are two keys.
 */
import { LABELS } from '../../crds/constants.ts';
import type { Procedure } from '../../crds/index.ts';
import type { Pod, Stored } from '../../kube/index.ts';
import { leanPod, leanProcedure } from './lean.ts';

export type LiveProcedure = Stored<Procedure>;
export type LivePod = Stored<Pod>;

/** Finished runs whose late watch events are told apart from news; more than can be under way at once. */
const REMEMBERED = 10_000;

export class ClusterView {
  readonly #procedures = new Map<string, LiveProcedure>();
  readonly #pods = new Map<string, LivePod>();
  readonly #done = new Set<string>();
  readonly #gone = new Map<string, LivePod | 'unseen'>();

  get size(): number {
    return this.#procedures.size;
  }

  procedures(): IterableIterator<LiveProcedure> {
    return this.#procedures.values();
  }

  podKeys(): IterableIterator<string> {
    return this.#pods.keys();
  }

  procedure(uid: string): LiveProcedure | undefined {
    return this.#procedures.get(uid);
  }

  pod(uid: string): LivePod | undefined {
    return this.#pods.get(uid);
  }

  gonePod(uid: string): LivePod | 'unseen' | undefined {
    return this.#gone.get(uid);
  }

  /** Keeps the newer of two versions; true if this one is news. */
  setProcedure(object: LiveProcedure): boolean {
    const { uid, resourceVersion } = object.metadata;
    if (this.#done.has(uid)) return false;
    const lean = leanProcedure(object);
    if (keepNewer(this.#procedures, uid, lean)) return true;
    // What a watch tells of our own write is kept by the reflector, too: one copy is enough.
    if (this.#procedures.get(uid)?.metadata.resourceVersion === resourceVersion) this.#procedures.set(uid, lean);
    return false;
  }

  removeProcedure(uid: string): void {
    this.#procedures.delete(uid);
  }

  setPod(object: LivePod): string | undefined {
    const uid = procedureUidOf(object);
    if (uid === undefined || this.#gone.has(uid)) return uid;
    keepNewer(this.#pods, uid, leanPod(object));
    return uid;
  }

  /** Our delete was accepted; the watch will say so, too. */
  markPodDeleting(uid: string, until: number): void {
    const pod = this.#pods.get(uid);
    if (pod && pod.metadata.deletionTimestamp === undefined)
      this.#pods.set(uid, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date(until).toISOString() } });
  }

  /** The pod object is gone for good: a DELETED event, or a 404 to a GET. */
  setPodGone(uid: string, last: LivePod | 'unseen'): void {
    this.#gone.set(uid, last === 'unseen' ? (this.#pods.get(uid) ?? 'unseen') : last);
    this.#pods.delete(uid);
  }

  /** The run is over and its pod gone: late news of it are none. */
  forget(uid: string): void {
    if (this.#procedures.get(uid)?.status.phase === 'Finished') {
      this.#done.add(uid);
      for (const oldest of this.#done) {
        if (this.#done.size <= REMEMBERED) break;
        this.#done.delete(oldest);
      }
    }
    this.#procedures.delete(uid);
    this.#pods.delete(uid);
    this.#gone.delete(uid);
  }
}

/** The procedure that a pod of ours runs: its controller if that is a Procedure, else what its label says (the owner may be gone). */
export function procedureUidOf(pod: LivePod): string | undefined {
  return pod.metadata.labels?.[LABELS.procedureUid];
}

/** Resource versions of one kind are ordered numbers (KEP-5504, stable in Kubernetes 1.35). */
function keepNewer<T extends { metadata: { resourceVersion: string } }>(
  map: Map<string, T>,
  key: string,
  object: T,
): boolean {
  const known = map.get(key);
  if (known && BigInt(known.metadata.resourceVersion) >= BigInt(object.metadata.resourceVersion)) return false;
  map.set(key, object);
  return true;
}
