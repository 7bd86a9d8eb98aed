/**
 * A node whose pods are models of bootstrap and runner (operator/testing): to the API server it is one, with a Node object, a lease and
 * statuses; what a container says and is told goes through proxy.ts. For counting what the operator costs, without 500 interpreters.
 */
import {
  isNotFound,
  PODS,
  Reflector,
  resource,
  systemClock,
  type Change,
  type Kube,
  type Pod,
  type Resource,
  type Stored,
} from '../../../kube/index.ts';
import { containerStatus, FakePod, type ScriptModel } from '../../../operator/testing/fake-pod.ts';

/** Name, label and taint: pods come here that ask for it, and no others. */
export const NODE = 'oet-simulated';
const KEY = 'oet.skao.int/simulated';

/** What a procedure's podTemplate says to come here. */
export const HERE = {
  nodeSelector: { [KEY]: 'true' },
  tolerations: [{ key: KEY, operator: 'Exists' }],
} as const;

/** From a pod's create to its Python running on a real node (the design's measure), and to the kubelet's word of it. */
const START_MS = 290;
/** The real runner's window is 4 MiB: entries never wait for an acknowledgement here. */
const WINDOW = Infinity;
const LEASE_MS = 10_000;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases`;

export class SimulatedNode {
  readonly #kube: Kube;
  readonly #namespace: string;
  readonly #pods: Resource<Pod>;
  readonly #script: ScriptModel;
  readonly #capacity: number;
  readonly #schedules: boolean;
  readonly #containers = new Map<string, FakePod>();
  readonly #taken = new Set<string>();
  readonly #exits = new WeakMap<FakePod, Set<() => void>>();
  readonly #ending = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #beat: NodeJS.Timeout | undefined;
  /** How often main ran, in all pods that ever were. */
  mains = 0;

  /**
   * @param options.schedules the cluster has a scheduler: pods are taken once they are bound. Without one every pod is taken, up to
   * `capacity`; the others are told that there is no room, as a scheduler would.
   */
  constructor(options: { kube: Kube; namespace: string; script: ScriptModel; schedules: boolean; capacity?: number }) {
    this.#kube = options.kube;
    this.#pods = resource(options.kube, PODS, options.namespace);
    this.#script = options.script;
    this.#schedules = options.schedules;
    this.#capacity = options.capacity ?? Infinity;
    this.#namespace = options.namespace;
  }

  async start(): Promise<void> {
    if (this.#schedules) await this.#register();
    const watch = new Reflector({
      kube: this.#kube,
      type: PODS,
      namespace: this.#namespace,
      onChange: (change) => this.#seen(change),
    });
    this.#watching = watch.run(this.#ending.signal);
    await watch.synced;
  }

  /** The container's process; why there is none: not started yet, or its pod is gone. */
  container(name: string): FakePod | undefined {
    return this.#containers.get(name);
  }

  /** Calls back once the container has ended; returns what calls that off. */
  onExit(container: FakePod, listener: () => void): () => void {
    const listeners = this.#exits.get(container) ?? new Set();
    this.#exits.set(container, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  get running(): number {
    return [...this.#containers.values()].filter(({ alive }) => alive).length;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#beat);
    for (const container of this.#containers.values()) container.kill();
    await this.#watching;
    if (!this.#schedules) return;
    await this.#kube.request('DELETE', `/api/v1/nodes/${NODE}`).catch(unlessGone);
    await this.#kube.request('DELETE', `${LEASES}/${NODE}`).catch(unlessGone);
  }

  async #register(): Promise<void> {
    const capacity = { cpu: '100000', memory: '100000Gi', pods: '20000' };
    const now = new Date().toISOString();
    await this.#kube.request('POST', '/api/v1/nodes', {
      body: {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: NODE, labels: { [KEY]: 'true' } },
        spec: { taints: [{ key: KEY, effect: 'NoSchedule' }] },
      },
    });
    await this.#kube.request('PATCH', `/api/v1/nodes/${NODE}/status`, {
      body: {
        status: {
          capacity,
          allocatable: capacity,
          conditions: [
            { type: 'Ready', status: 'True', reason: 'Simulated', lastHeartbeatTime: now, lastTransitionTime: now },
          ],
        },
      },
    });
    await this.#kube.request('POST', LEASES, {
      body: {
        metadata: { name: NODE },
        spec: { holderIdentity: NODE, leaseDurationSeconds: 40, renewTime: microNow() },
      },
    });
    const beat = (): void => {
      this.#beat = setTimeout(() => {
        void this.#kube
          .request('PATCH', `${LEASES}/${NODE}`, { body: { spec: { renewTime: microNow() } } })
          .catch(() => undefined) // the next one comes in time
          .then(beat);
      }, LEASE_MS);
    };
    beat();
  }

  #seen({ type, object }: Change<Pod>): void {
    const { name, uid } = object.metadata;
    if (type === 'DELETED') {
      this.#containers.get(name)?.kill();
      this.#containers.delete(name);
      this.#taken.delete(uid);
      return;
    }
    if (object.spec.nodeSelector?.[KEY] === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) this.#delete(object);
    else if (!this.#taken.has(uid) && (!this.#schedules || object.spec.nodeName === NODE)) this.#take(object);
  }

  #take(pod: Stored<Pod>): void {
    const { name, uid } = pod.metadata;
    this.#taken.add(uid);
    if (this.#containers.size >= this.#capacity) {
      const message = '0/1 nodes are available: 1 Too many pods.';
      const lastTransitionTime = new Date().toISOString();
      const condition = {
        type: 'PodScheduled',
        status: 'False' as const,
        reason: 'Unschedulable',
        message,
        lastTransitionTime,
      };
      void this.#tell(name, { phase: 'Pending', conditions: [condition] });
      return;
    }
    const container = new FakePod({
      script: this.#script,
      clock: systemClock,
      window: WINDOW,
      onExit: () => {
        this.mains += container.mains;
        for (const listener of this.#exits.get(container) ?? []) listener();
        void this.#ended(pod);
      },
    });
    this.#containers.set(name, container);
    setTimeout(() => {
      if (this.#containers.get(name) !== container) return;
      container.boot();
      void this.#tell(name, statusOf(pod, container));
    }, START_MS);
  }

  /** The kubelet's part of a deletion: SIGTERM, and the object goes once the container has ended. */
  #delete(pod: Stored<Pod>): void {
    const { name } = pod.metadata;
    const container = this.#containers.get(name);
    if (!container?.alive) return void this.#remove(pod);
    container.sigterm();
    setTimeout(() => container.kill(), (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000).unref();
  }

  /** What was under way when the node was closed has nobody to go to. */
  readonly #unlessOver = (error: unknown): undefined => {
    if (!this.#ending.signal.aborted) unlessGone(error);
  };

  async #ended(pod: Stored<Pod>): Promise<void> {
    const { name } = pod.metadata;
    const container = this.#containers.get(name);
    if (this.#ending.signal.aborted) return;
    await this.#tell(name, statusOf(pod, container));
    const live = await this.#pods.get(name).catch(this.#unlessOver);
    if (live?.metadata.deletionTimestamp !== undefined) await this.#remove(pod);
  }

  async #remove({ metadata: { name, uid } }: Stored<Pod>): Promise<void> {
    await this.#pods.delete(name, { uid, gracePeriodSeconds: 0 }).catch(this.#unlessOver);
  }

  async #tell(name: string, status: Pod['status']): Promise<void> {
    if (this.#ending.signal.aborted) return;
    await this.#pods.mergePatch(name, { status }, { subresource: 'status' }).catch(this.#unlessOver);
  }
}

/** As a kubelet writes it, which knows an image, too. */
function statusOf(pod: Stored<Pod>, container: FakePod | undefined): Pod['status'] {
  const status = containerStatus(pod, container, Date.now());
  const image = { image: 'simulated', imageID: 'simulated' };
  const containerStatuses = status?.containerStatuses?.map((one) => ({ ...image, ...one }));
  return { ...status, ...(containerStatuses && { containerStatuses }) };
}

function microNow(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

function unlessGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
