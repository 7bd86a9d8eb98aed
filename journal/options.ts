/** What a store may log to; pino's fits. */
export interface Logger {
  warn(details: object, message: string): void;
}

/** How a store is opened, whichever it is. */
export interface StoreOptions {
  /** No writer: the file, or the tables of the database, must be there. */
  readonly readonly?: boolean;
  readonly logger?: Logger;
  /** How long a call waits in ms: for the commits of other processes, or for a database that is away; then it fails. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** How long the opening waits in ms for a database that cannot be reached. Default: `busyTimeoutMs`. A file does not wait. */
  readonly patienceMs?: number;
  /** Ends that waiting; the opening then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly role?: 'operator' | 'api';
  /** The operator's turn (its Lease's transitions): once a higher one has been seen, writes of a lower one are refused with `Fenced`. */
  readonly epoch?: number;
  /** Whose turns those are: the namespace. Several may share a database, not a file. Default: ''. */
  readonly namespace?: string;
}

export const BUSY_TIMEOUT_MS = 5000;
