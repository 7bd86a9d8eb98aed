/**
 * Names that everything which talks about procedures shares. This module imports nothing, so it costs nothing at start.
 */

/** API group of the Procedure resource, and prefix of its labels and annotations. */
export const GROUP = 'oet.skao.int';
/** The one served and stored version. */
export const VERSION = 'v1alpha1';
/** `apiVersion` of every Procedure. */
export const API_VERSION = `${GROUP}/${VERSION}` as const;
/** `kind` of every Procedure. */
export const KIND = 'Procedure';
/** `kind` of a list of them. */
export const LIST_KIND = 'ProcedureList';
/** Resource name, as in URLs and RBAC rules. */
export const PLURAL = 'procedures';
/** Resource name that people may type for one. */
export const SINGULAR = 'procedure';
/** Short name for kubectl. */
export const SHORT_NAME = 'proc';
/** Category, so that `kubectl get oet` lists everything of ours. */
export const CATEGORY = 'oet';
/** Name of the CustomResourceDefinition object. */
export const CRD_NAME = `${PLURAL}.${GROUP}` as const;

/** Labels on procedures and on their pods. */
export const LABELS = {
  /** Mirror of `status.id` on procedures and pods, for people's selectors. Never an authority. */
  id: `${GROUP}/id`,
  /** On a pod: name of the Procedure it runs. */
  procedure: `${GROUP}/procedure`,
  /** On a pod: uid of the Procedure it runs; the operator finds the pods of deleted procedures by it. */
  procedureUid: `${GROUP}/procedure-uid`,
  /** On a pod: `script`, or `pool` while it waits for a procedure. */
  role: `${GROUP}/role`,
  /** On a Procedure: `api` where the REST API made it; only those are pruned by the history limit. */
  origin: `${GROUP}/origin`,
  /** Kubernetes' recommended label: the tool that manages an object. */
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

/** Values of {@link LABELS}.role. */
export const ROLES = { script: 'script', pool: 'pool' } as const;
/** Value of {@link LABELS}.origin on a Procedure that the REST API made. */
export const ORIGIN_API = 'api';
/** Value of {@link LABELS}.managedBy on all that the operator makes. */
export const MANAGED_BY = 'oet';

/** Annotations on procedures. */
export const ANNOTATIONS = {
  /** On a Procedure: the client's `Idempotency-Key`, where the REST API got one. */
  idempotencyKey: `${GROUP}/idempotency-key`,
  /** On a Procedure that the REST API made: when, in microseconds since the epoch (creationTimestamp has whole seconds). */
  created: `${GROUP}/created`,
  /** On a Procedure that the REST API made: `script` as its client sent it, JSON, where the spec cannot tell (an inline script's name). */
  script: `${GROUP}/script`,
} as const;

/** States of a procedure, by the names that OET's users know, in the order in which a run may visit them. */
export const STATES = [
  'CREATING',
  'IDLE',
  'PREP_ENV',
  'LOADING',
  'INITIALISING',
  'READY',
  'RUNNING',
  'STOPPING',
  'STOPPED',
  'FAILED',
  'COMPLETE',
  'UNKNOWN',
] as const;
/** One of {@link STATES}. A reader that meets another one should take it for "still in progress". */
export type State = (typeof STATES)[number];

/** States in which a procedure can end. UNKNOWN ends one only together with `status.phase: Finished`. */
export const FINAL_STATES = ['STOPPED', 'FAILED', 'COMPLETE', 'UNKNOWN'] as const satisfies readonly State[];

/** `status.phase`: absent before the claim, then Active, and Finished for ever. Watch with `status.phase!=Finished`. */
export const PHASES = ['Active', 'Finished'] as const;
/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number];
/** Field selector of everything that is not over, fresh procedures without a status included. */
export const UNFINISHED_SELECTOR = 'status.phase!=Finished';

/** `spec.startPolicy`. */
export const START_POLICIES = ['Manual', 'Automatic'] as const;
/** One of {@link START_POLICIES}. */
export type StartPolicy = (typeof START_POLICIES)[number];

/** `spec.stop.mode`, the milder first. */
export const STOP_MODES = ['Graceful', 'Immediate'] as const;
/** One of {@link STOP_MODES}. */
export type StopMode = (typeof STOP_MODES)[number];

/** Types of `status.conditions`; the first three as kstatus reads them. */
export const CONDITIONS = {
  ready: 'Ready',
  reconciling: 'Reconciling',
  stalled: 'Stalled',
  succeeded: 'Succeeded',
} as const;

/** Static defaults of the CRD's schema: the same numbers in the manifest, in the types and in the API. Seconds and bytes. */
export const DEFAULTS = {
  prepareSeconds: 600,
  gracePeriodSeconds: 10,
  podSeconds: 0,
  outputSeconds: 2_592_000,
  maxBytes: 67_108_864,
  captureSeconds: 3600,
} as const;

/** Bounds that others have to keep, too. Characters where the schema bounds text (the API server counts those). */
export const LIMITS = {
  name: 63,
  inlineScript: 262_144,
  argsJSON: 65_536,
  result: 4096,
  message: 4096,
  stackTrace: 16_384,
  frames: 32,
  history: 64,
  conditions: 16,
  exclusive: 63,
  executionKey: 253,
  gracePeriodSeconds: 3600,
} as const;
