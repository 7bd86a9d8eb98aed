import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../journal/index.ts';
import type { Entry, JournalStore, Verdict } from '../../journal/index.ts';
import { silent } from '../../kube/logger.ts';
import { sleepWith, systemClock } from '../../kube/clock.ts';
import { buildApp } from '../app.ts';
import type { App } from '../app.ts';
import type { ApiClock, StoredProcedure } from '../ports.ts';
import { Catalogue } from '../procedures/catalogue.ts';
import { argumentText, createdOf, idOf } from '../procedures/resource.ts';
import { StoreWatch } from '../store-watch.ts';
import { FakeKubernetes } from './fake-kubernetes.ts';

/** An app over a fake Kubernetes and a real store in a folder of its own, behind a real HTTP server. */
export interface Harness {
  readonly app: App;
  readonly server: Server;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly namespace: string;
  /** Origin and base path, version 7. */
  readonly base: string;
  readonly kubernetes: FakeKubernetes;
  readonly catalogue: Catalogue;
  readonly store: JournalStore;
  readonly shutdown: AbortController;
  close(): Promise<void>;
}

/** What a test may want otherwise. */
export interface HarnessOptions {
  /** A store that outlives the harness; without it each has its own. */
  readonly storage?: Storage;
  readonly historyLimit?: number;
  readonly heartbeatMs?: number;
  readonly trustProxy?: boolean;
  readonly clock?: ApiClock;
}

/** A real store in a folder of its own. Tests may share one: each harness has a namespace for itself. */
export interface Storage {
  readonly store: JournalStore;
  close(): Promise<void>;
}

/** Opens a store; `close` it in the end. */
export async function openStorage(): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), 'oet-api-'));
  const store = await openStore(join(folder, 'journal.db'));
  return {
    store,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

let namespaces = 0;

/** Starts an app; `close` it in the end. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const storage = options.storage ?? (await openStorage());
  const { store } = storage;
  const namespace = `oet-${++namespaces}`;
  const kubernetes = new FakeKubernetes();
  const catalogue = new Catalogue();
  kubernetes.watch((change) => catalogue.apply(change));
  const shutdown = new AbortController();
  const clock = options.clock ?? { now: () => Date.now(), sleep: (ms, signal) => sleepWith(systemClock, ms, signal) };
  const storeWatch = new StoreWatch(store, clock, silent);
  const watching = storeWatch.run(shutdown.signal);
  await storeWatch.ready;
  const app = buildApp({
    config: {
      namespace,
      scriptsLocation: '/scripts',
      historyLimit: options.historyLimit ?? 10,
      trustProxy: options.trustProxy ?? false,
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    },
    resource: kubernetes,
    catalogue,
    store,
    storeWatch,
    ids: kubernetes,
    clock,
    logger: silent,
    readiness: {},
    shutdown: shutdown.signal,
  });
  // Never the first to close: a client whose process stalls for as long would write to a connection that is gone.
  const server = createServer({ keepAliveTimeout: 0 }, app.express);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    app,
    server,
    origin,
    namespace,
    base: `${origin}/${namespace}/oet/api/v7`,
    kubernetes,
    catalogue,
    store,
    shutdown,
    close: async () => {
      shutdown.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await app.flushed();
      await watching;
      if (!options.storage) await storage.close();
    },
  };
}

/** What the operator and the runner of one procedure do to the store. */
export class FakeRun {
  readonly uid: string;
  readonly #store: JournalStore;
  readonly #procedure: StoredProcedure;
  #n = 0;
  #t: number;

  constructor(store: JournalStore, procedure: StoredProcedure) {
    this.#store = store;
    this.#procedure = procedure;
    this.uid = procedure.metadata.uid;
    this.#t = createdOf(procedure);
  }

  async open(): Promise<this> {
    const { metadata, spec } = this.#procedure;
    await this.#store.openRun({
      uid: this.uid,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      id: idOf(this.#procedure) ?? 0,
      created: createdOf(this.#procedure),
      info: { script: spec.script, initArgsJSON: argumentText(spec.init), labels: metadata.labels ?? {} },
    });
    return this;
  }

  /** Appends entries; each gets its number and a time. */
  async append(...entries: readonly Omit<Entry, 'n' | 't'>[]): Promise<void> {
    await this.#store.append(
      this.uid,
      entries.map((entry) => ({ ...entry, n: ++this.#n, t: ++this.#t }) as Entry),
    );
  }

  states(...states: readonly string[]): Promise<void> {
    return this.append(...states.map((state) => ({ k: 'state', state }) as never));
  }

  /** As far as READY, the usual way. */
  async ready(): Promise<this> {
    await this.open();
    await this.states('IDLE', 'LOADING', 'IDLE', 'INITIALISING', 'READY');
    return this;
  }

  async run(main = '{"args":[],"kwargs":{}}'): Promise<void> {
    await this.#store.updateInfo(this.uid, { mainArgsJSON: main });
    await this.states('RUNNING');
  }

  print(text: string | Buffer, s: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    return this.append({ k: 'out', s, data: Buffer.from(text) } as never);
  }

  async finish(state: Verdict['state'], more: Partial<Verdict> = {}): Promise<void> {
    const reason = state === 'COMPLETE' ? 'Completed' : 'ScriptError';
    await this.#store.finish(this.uid, {
      state,
      t: ++this.#t,
      reason,
      message: null,
      exitCode: 0,
      signal: null,
      ...more,
    });
  }
}
