import type { Transport } from './http/transport.ts';

/** Where text and bytes go. */
export interface Sink {
  /**
   * Resolves when more may be written, so that a slow reader slows the writer. Rejects with ReaderGone when nobody reads any
   * more, and with a CliError `output` when it cannot be written.
   */
  write(chunk: string | Uint8Array): Promise<void>;
}

/** Time, in milliseconds; tests inject their own. */
export interface Clock {
  now(): number;
  /** Ends early, without an error, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** All that a command touches outside itself. */
export interface Ports {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Fires at the first Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** The text of a local file, or undefined where there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** Loads the HTTP library; called only when a request is made, as loading costs 0.1-0.2 s. */
  readonly connect: (baseUrl: string, token: string | undefined) => Promise<Transport>;
}
