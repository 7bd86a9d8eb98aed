import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { CONFIG_MAPS, connect, PROCEDURES, Reflector, resource, systemClock } from '../kube/index.ts';
import type { Kube } from '../kube/index.ts';
import { IdCounter } from '../kube/counter.ts';
import { openStore } from '../journal/index.ts';
import { losslessParse } from '../journal/lossless.ts';
import type { Procedure } from '../crds/index.ts';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { flag, flagSources } from './flags.ts';
import { refuse } from './http/refuse.ts';
import type { ProcedureResource } from './ports.ts';
import { Catalogue } from './procedures/catalogue.ts';
import { confirmUnseen } from './procedures/confirm.ts';
import { starting } from './starting.ts';
import { StoreWatch } from './store-watch.ts';

/** What open answers and slow clients may take at shutdown, in ms; the pod's grace is 30 s. */
const DRAIN_MS = 5000;

/** Numbers in arguments that were applied without argsJSON would be rounded by JSON.parse. */
const LOSSLESS_PROCEDURES = { ...PROCEDURES, parse: losslessParse };

/** The calls that the app makes, in terms of kube/. */
function procedureResource(kube: Kube, namespace: string): ProcedureResource {
  const procedures = resource(kube, LOSSLESS_PROCEDURES, namespace);
  return {
    // What has a default may be left out: the API server fills it in.
    create: (object) => procedures.create(object as Procedure, { fieldManager: 'oet-rest' }),
    get: (name) => procedures.get(name),
    mergePatch: (name, patch) => procedures.mergePatch(name, patch, { fieldManager: 'oet-rest' }),
    delete: (name, options) => procedures.delete(name, options),
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(port, host, () => resolve(undefined));
  await promise;
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/** Resolves at the first SIGTERM or SIGINT. */
function asked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const sources = flagSources(process.env, fileURLToPath(new URL('..', import.meta.url)));
  // Upstream tells listeners of every GET, too. Each is a write to the store.
  const announceReads = flag('OET_ANNOUNCE_READS', true, sources);
  const logger = pino({ level: config.logLevel, base: { name: 'oet-rest' } });
  const signalled = asked();
  const shutdown = new AbortController();
  const { signal } = shutdown;
  const giveUp = new AbortController();
  void signalled.then((name) => giveUp.abort(new Error(`${name} while the store was being opened`)));
  const kube = await connect({ userAgent: 'oet-rest' });
  let answer: RequestListener = starting;
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => answer(request, response));
  server.on('clientError', refuse);
  const port = await listen(server, config.port, config.host);
  // A database that is away is waited for: ending would only make the kubelet wait longer each time.
  const store = await openStore(config.store, { role: 'api', logger, patienceMs: Infinity, signal: giveUp.signal });
  const catalogue = new Catalogue();
  const reflector = new Reflector({
    kube,
    type: LOSSLESS_PROCEDURES,
    namespace: config.namespace,
    onChange: (change) => catalogue.apply(change),
    logger,
  });
  const procedures = procedureResource(kube, config.namespace);
  const storeWatch = new StoreWatch(store, systemClock, logger);
  const { express, flushed } = buildApp({
    config: { ...config, announceReads },
    resource: procedures,
    catalogue,
    store,
    storeWatch,
    ids: new IdCounter({ configMaps: resource(kube, CONFIG_MAPS, config.namespace) }),
    clock: systemClock,
    logger,
    readiness: {
      procedures: () => (reflector.hasSynced ? undefined : 'not read yet'),
      store: () => (storeWatch.lastId >= 0 ? undefined : 'not read yet'),
    },
    shutdown: signal,
  });
  const running = Promise.all([
    reflector.run(signal),
    storeWatch.run(signal),
    confirmUnseen(catalogue, procedures, { clock: systemClock, logger }, signal),
  ]);
  answer = express;
  logger.info({ host: config.host, port, namespace: config.namespace, server: kube.server }, 'listening');

  logger.info({ signal: await signalled }, 'shutting down');
  shutdown.abort();
  const closed = new Promise((resolve) => server.close(resolve));
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
  await flushed();
  await running;
  await store.close();
  await kube.close();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`oet-rest: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  // What is still open (a connection, a timer) must not keep a failed start alive.
  process.exit();
}
