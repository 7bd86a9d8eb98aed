/**
 * What a run printed and did, as types: journal entries (docs/protocol.md section 3), notes that the operator adds,
 * and the store that keeps them. The operator writes, the API reads; both see one file or one database.
 */

/** Bytes of the two streams of a script. */
export interface PerStream<T> {
  readonly stdout: T;
  readonly stderr: T;
}
export type StreamName = keyof PerStream<unknown>;

interface Common {
  /** 1, 2, 3 … without holes within a run. */
  readonly n: number;
  /** Microseconds since the epoch. */
  readonly t: number;
  /** Its longest texts were cut: it would have been longer than 1 MiB. */
  readonly truncated?: true;
}

export interface HelloEntry extends Common {
  readonly k: 'hello';
  readonly v: number;
  readonly nonce: string;
  readonly python: string;
  readonly undumpable: boolean;
  readonly pid: number;
}
export interface AnswerEntry extends Common {
  readonly k: 'answer';
  readonly to: readonly [session: number, seq: number];
  readonly m: string;
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly highest?: number;
  readonly from?: number;
  readonly damaged?: number;
}
interface StateEntry extends Common {
  readonly k: 'state';
  readonly state: string;
  readonly reason?: string;
}
/** What was loaded; told before any of it runs. */
export interface SourceEntry extends Common {
  readonly k: 'source';
  /** Of the script's bytes, lower-case hex digits. */
  readonly sha256: string;
  /** In full, of a git script. */
  readonly commit?: string;
}
interface OutEntry extends Common {
  readonly k: 'out';
  readonly s: StreamName;
  /** Decoded from `d` or `b`: the script's own bytes. */
  readonly data: Buffer;
}
interface GapEntry extends Common {
  readonly k: 'gap';
  readonly s: StreamName;
  readonly bytes: number;
}
export interface EventEntry extends Common {
  readonly k: 'event';
  readonly topic: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly source: string | null;
}
export interface ErrorEntry extends Common {
  readonly k: 'error';
  readonly phase: 'env' | 'load' | 'init' | 'main' | 'args';
  readonly type: string;
  readonly message: string;
  readonly stackTrace: string;
  readonly frames: readonly Frame[];
  readonly causes: readonly { readonly type: string; readonly message: string }[];
}
export interface ResultEntry extends Common {
  readonly k: 'result';
  readonly value?: unknown;
  readonly repr?: string;
}
interface ProgressEntry extends Common {
  readonly k: 'progress';
  readonly fraction: number | null;
  readonly message: string | null;
}
interface TickEntry extends Common {
  readonly k: 'tick';
}
export interface EndEntry extends Common {
  readonly k: 'end';
  readonly state: 'COMPLETE' | 'FAILED' | 'STOPPED';
  readonly reason: string;
  readonly message: string | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly entries: number;
  readonly bytes: PerStream<number>;
  readonly kept: PerStream<number>;
  readonly sha256: PerStream<string>;
}
/** A slice of an entry too long for a line; the codec puts them together (it yields `PartEntry` for all but the last, which becomes the entry). */
export interface PartEntry extends Common {
  readonly k: 'part';
}

export type Entry =
  | HelloEntry
  | AnswerEntry
  | StateEntry
  | SourceEntry
  | OutEntry
  | GapEntry
  | EventEntry
  | ErrorEntry
  | ResultEntry
  | ProgressEntry
  | TickEntry
  | EndEntry
  | PartEntry;

/** A fact that the operator adds to a run by itself; stored once per run and `key`, however often it is written. */
export interface Note {
  readonly key: string;
  /** Microseconds since the epoch. */
  readonly t: number;
  readonly k: 'state' | 'error' | 'diagnostic';
  readonly body: Readonly<Record<string, unknown>>;
}

/** What identifies a run and what a summary of it needs beside its entries. Written by the operator at the claim. */
export interface RunIdentity {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly id: number;
  /** Microseconds since the epoch. */
  readonly created: number;
  /** What the API shows and the resource may no longer have: script, arguments as JSON text, labels. JSON. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** A run as the store sees it: derived from its entries and notes in the same transaction that stores them. */
export interface Run extends RunIdentity {
  readonly state: string;
  readonly history: readonly (readonly [state: string, t: number])[];
  readonly failure: Omit<ErrorEntry, 'n' | 't' | 'k'> | null;
  readonly result: { readonly value?: unknown; readonly repr?: string } | null;
  readonly progress: { readonly fraction: number | null; readonly message: string | null } | null;
  readonly end: Omit<EndEntry, 'n' | 't' | 'k'> | null;
  /** The verdict of the operator: its terminal state note; null while the run is not over. */
  readonly finished: number | null;
  /** What `finish` was told; null while the run is not over. */
  readonly verdict: Verdict | null;
  /** Highest n such that all entries up to it are in the store. */
  readonly high: number;
  readonly bytes: PerStream<number>;
  /** Every entry up to `end` is here, and the sums fit. */
  readonly complete: boolean;
  readonly deleted: boolean;
}

/** A stored row as readers get it. `id` is global, grows in commit order, and is never given twice: the event id of GET /stream. */
export interface Row {
  readonly id: number;
  readonly uid: string | null;
  readonly namespace: string;
  readonly t: number;
  readonly k: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface OutputChunk {
  readonly id: number;
  readonly s: StreamName;
  readonly data: Buffer;
  /** Bytes left out before `data` (a gap); data may then be empty. */
  readonly gap?: number;
}

export interface AppendResult {
  /** The run's `high` after the commit: what may be acknowledged. */
  readonly high: number;
  /** The id of the last row of this commit, or of the newest before it. */
  readonly lastId: number;
}

/** The writing side (the operator's; the API only publishes its request events). Each call resolves after the commit. */
export interface JournalWriter {
  /** Makes the run known; the same uid again is a no-op. Throws `IdTaken` if another uid has (namespace, id). */
  openRun(run: RunIdentity): Promise<void>;
  /** Merges into `info` of a run, e.g. the arguments of `main` at its start. */
  updateInfo(uid: string, info: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Stores entries; those with n ≤ high are dropped, a first new one with n > high + 1 throws `EntryGap` and stores nothing.
   * `answer`, `tick`, `part`, `hello` and `source` count for `high` and leave no row; `hello` leaves its version in the run's
   * `info.protocol`, `source` its fields in `info.source`.
   */
  append(uid: string, entries: readonly Entry[], notes?: readonly Note[]): Promise<AppendResult>;
  /** The run is over: `state` is a terminal one or UNKNOWN; a terminal one never changes. Adds the state row. */
  finish(uid: string, verdict: Verdict): Promise<AppendResult>;
  markDeleted(uid: string): Promise<void>;
  /**
   * The ledger of execution keys: gives the key to this run if it is nobody's, and resolves with the uid of whoever has it.
   * A key is kept for ever, longer than any run and any resource.
   */
  claimExecution(namespace: string, key: string, uid: string): Promise<string>;
  /** An event of no run (topics request.*, answers …) on the stream. */
  publish(
    namespace: string,
    events: readonly {
      readonly topic: string;
      readonly uid?: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }[],
  ): Promise<number>;
  /** Removes what is older than its retention, and of events of no run those before `eventsBefore` (µs); returns how many runs went. */
  prune(before: readonly { readonly uid: string }[], options?: { readonly eventsBefore?: number }): Promise<number>;
}

export interface Verdict {
  readonly state: 'COMPLETE' | 'FAILED' | 'STOPPED' | 'UNKNOWN';
  /** Microseconds since the epoch. */
  readonly t: number;
  readonly reason: string;
  readonly message: string | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
}

export interface RunFilter {
  /** Default false. */
  readonly includeDeleted?: boolean;
  /** Only those without a verdict. */
  readonly unfinished?: true;
  /** Only those whose verdict is older than this, in µs since the epoch: for retention. */
  readonly finishedBefore?: number;
  readonly limit?: number;
}

/** The reading side. */
export interface JournalReader {
  run(uid: string): Promise<Run | undefined>;
  runById(namespace: string, id: number): Promise<Run | undefined>;
  /** Oldest first. 10 µs each: with 100,000 runs a filter matters. */
  runs(namespace: string, filter?: RunFilter): Promise<Run[]>;
  /** Rows with id > after, in order, without output rows unless asked. */
  rows(
    after: number,
    options: { readonly limit: number; readonly namespace?: string; readonly uid?: string; readonly output?: boolean },
  ): Promise<Row[]>;
  /** Output of a run with row id > after, at most about maxBytes. */
  output(
    uid: string,
    after: number,
    options: { readonly maxBytes: number; readonly stream?: StreamName },
  ): Promise<OutputChunk[]>;
  lastId(): Promise<number>;
  /**
   * Resolves with the newest id once it is greater than `after` (fan-out socket, else polling), or undefined on abort or when the store is closed meanwhile.
   * `after` is the newest id that was known before the last look (from `lastId` or `changed`), not the id of the last row found there:
   * with that, rows of other runs would wake the caller again and again.
   */
  changed(after: number, signal: AbortSignal): Promise<number | undefined>;
}

export interface JournalStore extends JournalWriter, JournalReader {
  close(): Promise<void>;
}
