import type { ServerResponse } from 'node:http';
import { expect } from '@jest/globals';
import { CONFIG_MAPS } from '../kinds.ts';
import type { ConfigMap } from '../kinds.ts';
import type { Stored } from '../meta.ts';
import { Reflector } from '../reflector.ts';
import type { Change, ReflectorOptions, ReflectorStatus } from '../reflector.ts';
import { FakeClock } from './fake-clock.ts';
import { poll } from './poll.ts';
import { json, serve } from './server.ts';
import type { Seen, TestServer } from './server.ts';

/** A reflector, and a server whose list and watches a test holds in its hands. */
export class Scene {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly changes: Change<ConfigMap>[] = [];
  readonly statuses: ReflectorStatus[] = [];
  readonly stop = new AbortController();
  readonly watches: { request: Seen; response: ServerResponse }[] = [];
  readonly lists: Seen[] = [];
  items: Stored<ConfigMap>[] = [];
  version = 10;
  /** Answers instead of the usual, once per function. */
  readonly instead: ((response: ServerResponse) => void)[] = [];
  server!: TestServer;
  reflector!: Reflector<ConfigMap>;
  running!: Promise<void>;

  async start(options: Partial<ReflectorOptions<ConfigMap>> = {}): Promise<this> {
    this.server = await serve((request, response) => {
      const watching = request.query.get('watch') === 'true';
      if (watching) this.watches.push({ request, response });
      else this.lists.push(request);
      const other = this.instead.shift();
      if (other) other(response);
      else if (watching) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      else json(response, { metadata: { resourceVersion: String(this.version) }, items: this.items.map(bare) });
    });
    this.reflector = new Reflector({
      kube: this.server.kube,
      type: CONFIG_MAPS,
      namespace: 'ns',
      clock: this.clock,
      random: () => 0,
      onChange: (change) => {
        this.changes.push(change);
        this.told.push(`${change.type} ${change.object.metadata.name} ${change.object.metadata.resourceVersion}`);
      },
      onStatus: (status) => this.statuses.push(status),
      ...options,
    });
    this.running = this.reflector.run(this.stop.signal);
    return this;
  }

  /** The nth watch, once it is there. */
  async watch(n: number): Promise<{ request: Seen; response: ServerResponse }> {
    return poll(`watch ${n}`, () => this.watches[n]);
  }

  async expectTold(...lines: string[]): Promise<void> {
    await poll(`${lines.join(', ')} (told: ${this.told.join(', ')})`, () => this.told.length >= lines.length).catch(
      () => undefined,
    );
    expect(this.told).toEqual(lines);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    await this.server.close();
  }
}

/** Items of a list of a built-in kind have neither of these. */
export function bare({ apiVersion: _, kind: __, ...rest }: Stored<ConfigMap>): object {
  return rest;
}
