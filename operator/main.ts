/** The operator's process: waits for the lease, works while it has it, ends when it has lost it. */
import { pino } from 'pino';
import { Fenced, openStore } from '../journal/index.ts';
import { connect, LeaseElector, type LeaseEnd } from '../kube/index.ts';
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
  const work = async (session: number, signal: AbortSignal): Promise<void> => {
    const store = await openStore(config.OET_STORE, {
      ...{ role: 'operator', epoch: session, namespace: config.KUBE_NAMESPACE, logger: log },
      // A database that is away is waited for: ending would only make the kubelet wait longer each time.
      ...{ patienceMs: Infinity, signal },
    });
    try {
      const onReady = (sample: () => TermSample): void => {
        state = undefined;
        metrics.follow(sample);
        log.info({ session, namespace: config.KUBE_NAMESPACE }, 'ready');
      };
      const ports = await termPorts({ kube, store, config, session, log, metrics, env: process.env, onReady });
      await runTerm(ports, signal);
    } finally {
      await store.close();
    }
  };
  /** Stands for the lease, and works for as long as it has it. */
  const stand = async (): Promise<{ end: LeaseEnd; failure: unknown }> => {
    const [leaving, over] = [new AbortController(), new AbortController()];
    let failure: unknown;
    let term: Promise<void> | undefined;
    const elector = new LeaseElector({
      ...{ kube, name: LEASE, namespace: config.KUBE_NAMESPACE, identity: config.OET_OPERATOR_IDENTITY, logger: log },
      onStarted: (session) => {
        state = 'reading what is there';
        term = work(session, over.signal).catch((error: unknown) => {
          // What a term that is over leaves undone is the next one's.
          if (over.signal.aborted) return log.warn({ err: error, session }, 'the end came in the middle of something');
          failure = error;
          leaving.abort();
        });
      },
      onStopped: () => over.abort(),
    });
    const end = await elector.run(AbortSignal.any([ending.signal, leaving.signal]));
    over.abort();
    await term;
    return { end, failure };
  };
  let { end, failure } = await stand();
  while (failure instanceof Fenced && !ending.signal.aborted) {
    // The lease was deleted since and counts from 1 again: each term takes it one further, until the store lets us in.
    log.warn({ err: failure }, 'the store knows a later term; standing for the lease again');
    ({ end, failure } = await stand());
  }
  if (failure !== undefined) log.fatal({ err: failure }, 'the operator cannot work');
  health.close();
  await kube.close();
  log.info({ end }, 'ended');
  return end === 'lost' || failure !== undefined ? 1 : 0;
}

const code = await main().catch((error: unknown) => {
  process.stderr.write(`oet-operator: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
// Whatever still waits (a log read, an attach being opened) belongs to a term that is over.
process.exit(code);
