import type { ServerResponse } from 'node:http';
import type { ConfigMap } from '../kinds.ts';
import type { Stored } from '../meta.ts';
import { configMap, writeBookmark, writeEvent } from './objects.ts';
import { json, refuse, reset, serve } from './server.ts';
import type { TestServer } from './server.ts';

interface Entry {
  version: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored<ConfigMap>;
}

/** ConfigMaps behind list and watch as the API server serves them, with a history that can be cut off. */
export class World {
  readonly objects = new Map<string, Stored<ConfigMap>>();
  server!: TestServer;
  /** So many of the next lists and watches are refused or reset. */
  faults = 0;
  #version = 1;
  #oldest = 1;
  #uids = 0;
  readonly #history: Entry[] = [];
  readonly #watches = new Set<ServerResponse>();

  async start(): Promise<this> {
    this.server = await serve(({ query }, response) => {
      const watching = query.get('watch') === 'true';
      if (this.faults > 0) {
        this.faults--;
        if (this.faults % 2 === 0) reset(response);
        else refuse(response, 500, 'InternalError', 'fault');
      } else if (watching) this.#watch(response, Number(query.get('resourceVersion')));
      else json(response, { metadata: { resourceVersion: String(this.#version) }, items: [...this.objects.values()] });
    });
    return this;
  }

  /** Makes, changes or deletes an object, as it is; every watch hears of it. */
  toggle(name: string, remove: boolean): void {
    const old = this.objects.get(name);
    if (!old && remove) return;
    const version = ++this.#version;
    const uid = old?.metadata.uid ?? `uid-${this.#uids++}`;
    const object = configMap(name, version, { at: String(version) }, uid);
    if (remove) this.objects.delete(name);
    else this.objects.set(name, object);
    const entry: Entry = { version, type: remove ? 'DELETED' : old ? 'MODIFIED' : 'ADDED', object };
    this.#history.push(entry);
    for (const watch of this.#watches) writeEvent(watch, entry.type, object);
  }

  bookmark(): void {
    for (const watch of this.#watches) writeBookmark(watch, this.#version);
  }

  /** Forgets the history: whoever comes with an older version gets 410. */
  compact(): void {
    this.#oldest = this.#version;
  }

  /** Ends the watches: properly, by a reset, in the middle of an event, or by a 410 in a stream that stays open. */
  breakWatches(how: 'end' | 'reset' | 'cut' | 'expire'): void {
    for (const watch of this.#watches) {
      if (how === 'end') watch.end();
      else if (how === 'reset') reset(watch);
      else if (how === 'cut') watch.end('{"type":"ADDED","object":{"met');
      else writeEvent(watch, 'ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
    }
    this.#watches.clear();
  }

  #watch(response: ServerResponse, from: number): void {
    if (from < this.#oldest) {
      refuse(response, 410, 'Expired', 'too old resource version');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const { version, type, object } of this.#history) if (version > from) writeEvent(response, type, object);
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }
}
