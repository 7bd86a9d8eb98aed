import { createHash, randomBytes } from 'node:crypto';
import type { KubeObject } from '../apiserver/objects.ts';
import { kubeTime } from '../apiserver/objects.ts';
import type { Storage } from '../apiserver/storage.ts';
import type { KubeletKnobs } from './knobs.ts';
import { PODS, type Pod, type PodStatus } from './pod.ts';
import type { Runtime } from './runtime.ts';

/** What the parts of the kubelet share: the node's name and folders, the runtime, and its way to the API. */
export interface Node {
  name: string;
  /** The address of node and pods alike: there is no network of their own. */
  address: string;
  /** The interpreter that `python3` stands for. */
  python: string;
  /** Where pods have their folders. */
  folder: string;
  runtime: Runtime;
  knobs: KubeletKnobs;
  /** Milliseconds since the epoch, with fractions. */
  now: () => number;
  onError: (error: unknown) => void;
  lookup: (kind: 'secrets' | 'configmaps', namespace: string, name: string) => KubeObject | undefined;
  /** The pod as it is now, if it is still the same one. */
  read(pod: Pod): Pod | undefined;
  /** Writes the status that `change` makes of the current pod; nothing if the pod is gone or another. */
  writeStatus(pod: Pod, change: (current: Pod) => PodStatus): void;
  /** Ends a deleted pod's grace: the object goes, unless finalizers hold it. */
  release(pod: Pod): void;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
}

/** The parts of a {@link Node} that work on the API server's storage. */
export function storagePorts(
  storage: Storage,
  name: string,
  now: () => number,
): Pick<Node, 'lookup' | 'read' | 'writeStatus' | 'release' | 'event'> {
  function read(pod: Pod): Pod | undefined {
    const current = storage.get(PODS, pod.metadata.namespace, pod.metadata.name);
    return current?.metadata.uid === pod.metadata.uid ? (current as Pod | undefined) : undefined;
  }
  let lastStamp = 0n;
  /** Sixteen digits that grow with the time, so that events of one second are listed in their order. */
  function eventStamp(): string {
    const stamp = BigInt(Math.floor(now() * 1000)) * 1000n;
    lastStamp = stamp > lastStamp ? stamp : lastStamp + 1n;
    return lastStamp.toString(16).padStart(16, '0');
  }
  return {
    read,
    lookup: (kind, namespace, object) => storage.get(kind, namespace, object),
    writeStatus(pod, change) {
      const current = read(pod);
      if (current) storage.update(PODS, { ...current, status: change(current) });
    },
    release(pod) {
      const current = read(pod);
      if (!current) return;
      const metadata = {
        ...current.metadata,
        deletionTimestamp: kubeTime(now()),
        deletionGracePeriodSeconds: 0,
      };
      storage.update(PODS, { ...current, metadata });
    },
    event(pod, type, reason, message, container) {
      const { namespace = 'default', name: podName, uid = '' } = pod.metadata;
      const time = kubeTime(now());
      const scheduled = reason.includes('Schedul');
      storage.create('events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${podName}.${eventStamp()}`, namespace },
        involvedObject: {
          kind: 'Pod',
          apiVersion: 'v1',
          namespace,
          name: podName,
          uid,
          ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
        },
        type,
        reason,
        message,
        source: scheduled ? { component: 'default-scheduler' } : { component: 'kubelet', host: name },
        reportingComponent: scheduled ? 'default-scheduler' : 'kubelet',
        reportingInstance: name,
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      });
    },
  };
}

/** An id as runtimes give: 64 hexadecimal digits. */
export function newContainerId(): string {
  return createHash('sha256').update(randomBytes(32)).digest('hex');
}
