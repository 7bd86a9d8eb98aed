/** The operator's process: waits for the lease, works while it has it, ends when it has lost it. */
import { pino } from 'pino';
import { openStore } from '../journal/index.ts';
import { connect, LeaseElector } from '../kube/index.ts';
import { readConfig } from './config.ts';
import { serveHealth } from './health.ts';
import { OperatorMetrics } from './metrics.ts';
import { termPorts } from './operator.ts';
import { runTerm, type TermSample } from './term.ts';

const LEASE = 'oet-operator';

async function main(): Promise<number> {
  const config = readConfig(process.env);
  const log = pino({ level: config.LOG_LEVEL, name: 'oet-operator' });
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  process.on('unhandledRejection', (reason) => {
    log.fatal({ err: reason }, 'unhandled rejection');
    process.exit(1);
  });

  let state: string | undefined = config.OET_STANDBY_READY ? undefined : 'waiting for the lease';
  const metrics = new OperatorMetrics();
  const health = await serveHealth({ notReady: () => state, metrics }, config.HOST, config.PORT);
  const kube = await connect({ userAgent: 'oet-operator' });
  let term: Promise<void> | undefined;
  const over = new AbortController();
  const elector = new LeaseElector({
    kube,
    name: LEASE,
    namespace: config.KUBE_NAMESPACE,
    identity: config.OET_OPERATOR_IDENTITY,
    logger: log,
    onStarted: (session) => {
      state = 'reading what is there';
      const onReady = (sample: () => TermSample): void => {
        state = undefined;
        metrics.follow(sample);
        log.info({ session, namespace: config.KUBE_NAMESPACE }, 'ready');
      };
      term = (async () => {
        const store = await openStore(config.OET_STORE, {
          ...{ role: 'operator', epoch: session, namespace: config.KUBE_NAMESPACE, logger: log },
          // A database that is away is waited for: ending would only make the kubelet wait longer each time.
          ...{ patienceMs: Infinity, signal: over.signal },
        });
        try {
          const ports = await termPorts({ kube, store, config, session, log, metrics, env: process.env, onReady });
          await runTerm(ports, over.signal);
        } finally {
          await store.close();
        }
      })();
      term.catch((error: unknown) => {
        log.fatal({ err: error }, 'the operator cannot work');
        ending.abort();
      });
    },
    onStopped: () => over.abort(),
  });
  const end = await elector.run(ending.signal);
  over.abort();
  let failed = end === 'lost';
  await term?.catch(() => (failed = true));
  health.close();
  await kube.close();
  log.info({ end }, 'ended');
  return failed ? 1 : 0;
}

const code = await main().catch((error: unknown) => {
  process.stderr.write(`oet-operator: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
// Whatever still waits (a log read, an attach being opened) belongs to a term that is over.
process.exit(code);
