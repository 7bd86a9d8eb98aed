export { attach } from './attach.ts';
export type { AttachOptions } from './attach.ts';
export type { Attachment, AttachmentEnd } from './attached-socket.ts';
export type { ConfigChoice, Credentials, CredentialSource } from './auth.ts';
export type { BackoffOptions } from './backoff.ts';
export { connect } from './client.ts';
export type { Kube, Method, Query, RequestOptions, StreamOptions, StreamResponse, WsOptions } from './client.ts';
export { microTime, systemClock } from './clock.ts';
export type { Clock, Timer } from './clock.ts';
export type { IdCounterOptions } from './counter.ts';
export { isAlreadyExists, isConflict, isNotFound, KubeError } from './errors.ts';
export type { Status, StatusDetails } from './errors.ts';
export { EventRecorder } from './events.ts';
export type { EventInput, EventRecorderOptions } from './events.ts';
export { CONFIG_MAPS, PODS, PROCEDURES } from './kinds.ts';
export type { ConfigMap, KubeEvent, Lease, Namespace, ResourceType } from './kinds.ts';
export { LeaseElector } from './lease.ts';
export type { LeaseEnd, LeaseOptions } from './lease.ts';
export { LOG_LEVELS, logLevel } from './logger.ts';
export type { Logger } from './logger.ts';
export { followLog } from './logs.ts';
export type { LogEnd, LogFollow, LogOptions } from './logs.ts';
export type { Identity, KubeObject, ObjectMeta, ObjectReference, OwnerReference, Stored } from './meta.ts';
export type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
} from './pods.ts';
export { Reflector } from './reflector.ts';
export type { Change, ReflectorOptions, ReflectorStatus } from './reflector.ts';
export { pathOf, resource } from './resources.ts';
export type {
  DeleteOptions,
  JsonPatchOperation,
  List,
  ListOptions,
  PatchOptions,
  Resource,
  WriteOptions,
} from './resources.ts';
export type { IndexFunction, ReadStore } from './store.ts';
export { WorkQueue } from './workqueue.ts';
export type { Priority, WorkQueueMetrics, WorkQueueOptions } from './workqueue.ts';
