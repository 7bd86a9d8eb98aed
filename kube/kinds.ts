import { GROUP, KIND, PLURAL, VERSION } from '../crds/index.ts';
import type { Procedure } from '../crds/index.ts';
import type { KubeObject, ObjectReference } from './meta.ts';
import type { Pod } from './pods.ts';

/** How a kind is called in URLs, and the type of its objects. */
export interface ResourceType<T extends KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** How JSON of this kind is read, one object or a list of them; default JSON.parse, which rounds above 2**53. */
  readonly parse?: (text: string) => unknown;
  /** Never there: it carries the type. */
  readonly object?: T;
}

/** core/v1 ConfigMap. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
  immutable?: boolean;
}

/** core/v1 Namespace. */
export interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: 'Active' | 'Terminating' };
}

/** coordination.k8s.io/v1 Lease; its times are microTime()s. */
export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** events.k8s.io/v1 Event; its times are microTime()s. */
export interface KubeEvent extends KubeObject {
  eventTime: string;
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note?: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  reportingController: string;
  reportingInstance: string;
  series?: { count: number; lastObservedTime: string };
}

/** Pods. */
export const PODS: ResourceType<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
/** ConfigMaps. */
export const CONFIG_MAPS: ResourceType<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
};
/** Namespaces; cluster-scoped. */
export const NAMESPACES: ResourceType<Namespace> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
};
/** Events of the new group; kubectl shows them like the old ones. */
export const EVENTS: ResourceType<KubeEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
};
/** Leases. */
export const LEASES: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
};
/** Procedures. */
export const PROCEDURES: ResourceType<Procedure> = { group: GROUP, version: VERSION, plural: PLURAL, kind: KIND };
