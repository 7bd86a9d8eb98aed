/** What a capture needs from outside: one container's streams, the store, the time. */
import type { Crowd } from './crowd.ts';
import type { Clock } from '../../kube/index.ts';
import type { AppendResult, Entry, Note } from '../../journal/types.ts';

/** An open attach. */
export interface Link {
  readonly open: boolean;
  /** Resolves when the bytes were handed to the socket, which proves nothing about their arrival. */
  write(data: Buffer): Promise<void>;
  onStdout(listener: (chunk: Buffer) => void): void;
  readonly closed: Promise<{ failure?: string | undefined }>;
  close(): void;
}

/** How reading a log ended: at its end as served, without a byte for too long, refused by HTTP, or by a broken connection. */
export type ReadEnd = { how: 'eof' | 'idle' | 'broken' } | { how: 'refused'; status: number; message: string };

export interface ContainerStreams {
  attach(options: { stdout: boolean }, signal: AbortSignal): Promise<Link>;
  /** Calls back with chunks and waits for the callback: back-pressure reaches the API server. */
  readLog(
    options: { follow: boolean; sinceTime?: string },
    onChunk: (chunk: Buffer) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<ReadEnd>;
}

export interface Journal {
  append(uid: string, entries: readonly Entry[], notes?: readonly Note[]): Promise<AppendResult>;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface CapturePorts {
  readonly streams: ContainerStreams;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** Of all captures of this operator. */
  readonly crowd: Crowd;
  /** The frames' session: the lease's transitions. */
  readonly session: number;
  /** Something that a decision may depend on has changed. */
  readonly changed: () => void;
}
