import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import type { ClientConfig } from 'pg';
import type { Logger } from '../options.ts';
import { pauseAfter } from './patience.ts';
import { connectionConfig } from './pools.ts';

export interface ListenerOptions {
  readonly config: ClientConfig;
  readonly channel: string;
  /** Somebody has committed up to this id. */
  readonly onId: (id: number) => void;
  readonly logger: Logger | undefined;
}

/** Hears of the commits of other processes by LISTEN, on a connection of its own that is made again whenever it breaks. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #client: Client | undefined;
  #asking: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Whether commits of other processes are told. */
  get connected(): boolean {
    return this.#client !== undefined;
  }

  /** Asks for the newest id over the same connection, which shows whether it still stands; one that does not is made anew. Never rejects. */
  look(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return Promise.resolve();
    return (this.#asking ??= this.#ask(client)
      .catch(() => this.#leave(client))
      .finally(() => (this.#asking = undefined)));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#client) this.#leave(this.#client);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let tries = 0; !signal.aborted; tries++) {
      const began = performance.now();
      try {
        await this.#hold();
      } catch (error) {
        if (tries === 0)
          this.#options.logger?.warn({ err: error }, 'no connection that listens for commits: readers poll');
      }
      if (performance.now() - began > 10_000) tries = 0;
      await sleep(pauseAfter(tries), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Connects, and stays to the connection's end. */
  async #hold(): Promise<void> {
    const { config, channel, onId } = this.#options;
    const client = new Client(connectionConfig(config));
    const { promise: ended, resolve, reject } = Promise.withResolvers<undefined>();
    ended.catch(() => undefined); // awaited below, unless the connection fails before
    client.on('error', reject);
    client.on('end', () => resolve(undefined));
    client.on('notification', ({ payload }) => onId(Number(payload)));
    try {
      await client.connect();
      await client.query(`LISTEN ${escapeIdentifier(channel)}`);
      // What was committed before.
      await this.#ask(client);
      if (this.#closing.signal.aborted) return;
      this.#client = client;
      await ended;
    } finally {
      this.#client = undefined;
      this.#leave(client);
    }
  }

  async #ask(client: Client): Promise<void> {
    const { rows } = await client.query<{ last: number }>('SELECT last FROM oet_counter');
    this.#options.onId(rows[0]?.last ?? 0);
  }

  #leave(client: Client): void {
    client.end().catch((error: unknown) => this.#options.logger?.warn({ err: error }, 'closing a connection failed'));
  }
}
