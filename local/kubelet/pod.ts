/** Pods as far as the kubelet reads and writes them; what it does not know stays in the object untouched. */
import type { KubeObject } from '../apiserver/objects.ts';

/** A reference to a value of another object. */
export interface KeySelector {
  name?: string;
  key: string;
  optional?: boolean;
}

/** One entry of `env`. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    secretKeyRef?: KeySelector;
    configMapKeyRef?: KeySelector;
    fieldRef?: { fieldPath: string };
    resourceFieldRef?: { resource: string; divisor?: string };
  };
}

/** One entry of `envFrom`. */
export interface EnvFromSource {
  prefix?: string;
  configMapRef?: { name?: string; optional?: boolean };
  secretRef?: { name?: string; optional?: boolean };
}

/** The part of a securityContext that decides whether a container may start. */
export interface SecurityContext {
  runAsNonRoot?: boolean;
  runAsUser?: number;
}

/** One container of a pod's spec. */
export interface ContainerSpec {
  name: string;
  image: string;
  imagePullPolicy?: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: EnvVar[];
  envFrom?: EnvFromSource[];
  stdin?: boolean;
  stdinOnce?: boolean;
  tty?: boolean;
  resources?: { limits?: Record<string, string | number>; requests?: Record<string, string | number> };
  volumeMounts?: { name: string; mountPath: string }[];
  terminationMessagePath?: string;
  terminationMessagePolicy?: string;
  securityContext?: SecurityContext;
}

/** A pod's spec. */
export interface PodSpec {
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  schedulingGates?: unknown[];
  tolerations?: { key?: string; operator?: string; effect?: string }[];
  containers: ContainerSpec[];
  initContainers?: ContainerSpec[];
  restartPolicy?: string;
  activeDeadlineSeconds?: number;
  terminationGracePeriodSeconds?: number;
  hostname?: string;
  serviceAccountName?: string;
  securityContext?: SecurityContext;
}

/** One condition of a pod. */
export interface PodCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  observedGeneration?: number;
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

/** What a container does now; exactly one is there. */
export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: {
    exitCode: number;
    reason: string;
    message?: string;
    startedAt: string | null;
    finishedAt: string;
    containerID?: string;
  };
}

/** One entry of `status.containerStatuses`. */
export interface ContainerStatus {
  name: string;
  state: ContainerState;
  lastState: ContainerState;
  ready: boolean;
  restartCount: number;
  image: string;
  imageID: string;
  containerID?: string;
  started: boolean;
  resources?: object;
}

/** A pod's status. */
export interface PodStatus {
  observedGeneration?: number;
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  reason?: string;
  message?: string;
  conditions?: PodCondition[];
  startTime?: string;
  containerStatuses?: ContainerStatus[];
  [field: string]: unknown;
}

/** A pod. */
export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: PodStatus;
}

/** The storage's name of the pods. */
export const PODS = 'pods';

/** True when nothing of the pod will run again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** What a message calls the pod: the kubelet's `name_namespace`. */
export function fullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}`;
}
