import { messageOf } from '../errors.ts';
import type { Clock, Sink } from '../ports.ts';
import type { Client, OutputStream } from './client.ts';
import { isOver } from './procedure.ts';
import { isLasting, persist } from './retry.ts';

/** How long a server may be away before following gives up. */
const PATIENCE_MS = 300_000;

/** What following a procedure's output needs. */
export interface FollowOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly id: number;
  readonly stream?: OutputStream | undefined;
  readonly sink: Sink;
  readonly signal?: AbortSignal | undefined;
  /** Told once per cut, with its reason. */
  readonly onCut?: (reason: string) => Promise<void>;
}

/**
 * Copies a procedure's output to a sink until the procedure is over and all of it is there, byte for byte once, through cuts
 * of the connection and restarts of the server: every new request asks for the bytes after those received. A body that
 * ends properly is the end only if the procedure was over before that request was made, as a server that shuts down
 * ends it properly, too. Ends early, without an error, when the signal fires.
 */
export async function followOutput(options: FollowOptions): Promise<void> {
  const { client, clock, id, signal } = options;
  let received = 0;
  let over = false;

  async function copy(): Promise<void> {
    const answer = await client.output(id, { follow: true, from: received, stream: options.stream, signal });
    for await (const chunk of answer.body) {
      received += chunk.byteLength;
      await options.sink.write(chunk);
    }
  }

  const isAborted = (): boolean => signal?.aborted === true;
  while (!isAborted()) {
    const before = received;
    const cut = await attempt(copy, signal);
    if (isAborted()) return;
    if (cut === undefined && over) return;
    if (cut !== undefined) {
      await options.onCut?.(cut);
      // Something came, so the server was there: ask again at once. Else let it come back.
      if (received === before) await clock.sleep(250, signal);
    }
    const procedure = await persist(clock, () => client.procedure(id), { signal, patienceMs: PATIENCE_MS });
    if (isOver(procedure.state)) over = true;
    else if (cut === undefined) await clock.sleep(250, signal);
  }
}

/** Runs a copy; gives the reason where its connection was cut or not made, and throws what no repetition will mend. */
async function attempt(copy: () => Promise<void>, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    await copy();
    return undefined;
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    if (isLasting(error)) throw error;
    return messageOf(error);
  }
}
