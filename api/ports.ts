import type { Procedure, ProcedureInput } from '../crds/index.ts';
import type { Identity } from '../kube/meta.ts';
import type { JournalReader, JournalWriter } from '../journal/types.ts';

/** A Procedure as the API server hands it out. */
export type StoredProcedure = Procedure & { metadata: Identity };

/** The calls to Kubernetes that the API makes; each throws KubeError. */
export interface ProcedureResource {
  create(object: ProcedureInput): Promise<StoredProcedure>;
  get(name: string): Promise<StoredProcedure>;
  /** A `metadata.resourceVersion` in the patch is a precondition. */
  mergePatch(name: string, patch: object): Promise<StoredProcedure>;
  delete(name: string, options: { uid: string }): Promise<void>;
}

/** The store, and the one thing that the API writes to it: its events. */
export type Store = JournalReader & Pick<JournalWriter, 'publish'>;

/** Numbers for new procedures. */
export interface Ids {
  /** The first of `count` consecutive numbers that nobody else gets. */
  next(count?: number): Promise<number>;
}

/** Time as a port. */
export interface ApiClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` or when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What the API needs of a logger; pino's has this shape. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
