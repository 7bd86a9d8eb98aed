/** One term of leadership: watches, queue, workers and captures, from the lease's begin to its end. */
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import type { Procedure } from '../crds/index.ts';
import { UNFINISHED_SELECTOR, LABELS, MANAGED_BY } from '../crds/constants.ts';
import { losslessParse } from '../journal/index.ts';
import type { JournalStore } from '../journal/types.ts';
import {
  CONFIG_MAPS,
  EventRecorder,
  isNotFound,
  PODS,
  PROCEDURES,
  Reflector,
  resource,
  systemClock,
  WorkQueue,
  type Change,
  type Kube,
  type Pod,
  type ResourceType,
} from '../kube/index.ts';
import { IdCounter } from '../kube/counter.ts';
import type { Log } from './capture/ports.ts';
import type { Config } from './config.ts';
import type { StepFailure } from './decide/types.ts';
import type { OperatorMetrics } from './metrics.ts';
import { Captures } from './reconcile/captures.ts';
import { Executor } from './reconcile/execute.ts';
import { Exclusivity } from './reconcile/exclusivity.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import { ClusterView, procedureUidOf, type LiveProcedure } from './reconcile/view.ts';
import { containerStreams } from './streams.ts';

/** Numbers that JavaScript would round stay as the client wrote them. */
const EXACT_PROCEDURES: ResourceType<Procedure> = { ...PROCEDURES, parse: losslessParse };
/** Everything is looked at again so often, whatever the watches say. */
const FULL_PASS_MS = 300_000;

export interface TermOptions {
  readonly kube: Kube;
  readonly store: JournalStore;
  readonly config: Config;
  /** Number of the term: the frames' session. */
  readonly session: number;
  readonly log: Log;
  readonly metrics: OperatorMetrics;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when the watches have their first lists and work begins. */
  readonly onReady: () => void;
}

/** Runs a term until the signal aborts. Rejects only for a fault in the set-up. */
export async function runTerm(options: TermOptions, signal: AbortSignal): Promise<void> {
  const { kube, store, config, log, metrics } = options;
  const namespace = config.KUBE_NAMESPACE;
  const clock = systemClock;
  const queue = new WorkQueue({ onGet: (_key, waitedMs, priority) => metrics.waited(waitedMs, priority) });
  const view = new ClusterView();
  const procedures = resource(kube, EXACT_PROCEDURES, namespace);
  const pods = resource(kube, PODS, namespace);
  const configMaps = resource(kube, CONFIG_MAPS, namespace);
  const failures = { create: new Map<string, StepFailure>(), script: new Map<string, StepFailure>() };
  const exclusivity = new Exclusivity((uid) => queue.add(uid));
  const captures = new Captures({
    ports: { journal: store, clock, log, session: options.session },
    streamsOf: (pod) => containerStreams(kube, namespace, pod),
    changed: (uid) => queue.add(uid, { priority: 'high' }),
  });
  const recorder = new EventRecorder({
    kube,
    controller: 'oet.skao.int/operator',
    instance: config.OET_OPERATOR_IDENTITY,
    logger: log,
  });
  const release = (uid: string): void => {
    captures.release(uid);
    exclusivity.release(uid);
    view.forget(uid);
    failures.create.delete(uid);
    failures.script.delete(uid);
  };
  const executor = new Executor({
    view,
    procedures,
    pods,
    store,
    ids: new IdCounter({ configMaps }),
    captures,
    exclusivity,
    failures,
    scripts: {
      folders: config.OET_SCRIPTS_PATH,
      configMapKey: async (name, key) => {
        try {
          const { data, binaryData } = await configMaps.get(name);
          const binary = binaryData?.[key];
          if (binary !== undefined) return Buffer.from(binary, 'base64');
          const text = data?.[key];
          return text === undefined ? undefined : Buffer.from(text);
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      },
    },
    runner: await runnerSource(),
    podSettings: {
      bootstrap: await readFile(new URL('../runner/bootstrap.py', import.meta.url), 'utf8'),
      image: config.OET_SCRIPT_IMAGE,
      imagePullPolicy: config.OET_SCRIPT_IMAGE_PULL_POLICY,
      runAsUser: config.OET_SCRIPT_USER,
      env: passedOn(config.OET_SCRIPT_ENV, options.env),
    },
    events: { event: (object, input) => recorder.record(object, input) },
    holder: config.OET_OPERATOR_IDENTITY,
    clock,
    log,
    release,
  });
  const settings = { toleranceMs: config.OET_TOLERANCE_SECONDS * 1000, stopAnswerMs: 500, drainMs: 30_000 };
  const reconciler = new Reconciler({
    queue,
    observe: { view, store, pods, captures, exclusivity, failures, settings, clock },
    executor,
    procedures,
    clock,
    log,
    onPass: (ms, outcome) => metrics.passed(ms, outcome),
  });

  const watchProcedures = new Reflector<Procedure>({
    kube,
    type: EXACT_PROCEDURES,
    namespace,
    fieldSelector: UNFINISHED_SELECTOR,
    onChange: (change) => onProcedure(change),
    logger: log,
  });
  const watchPods = new Reflector<Pod>({
    kube,
    type: PODS,
    namespace,
    labelSelector: `${LABELS.managedBy}=${MANAGED_BY}`,
    onChange: (change) => onPod(change),
    logger: log,
  });

  const onProcedure = ({ type, object }: Change<Procedure>): void => {
    const { uid } = object.metadata;
    if (type === 'DELETED') return void confirmDeleted(object);
    // The answer to a write of ours is the newest already: nothing new to decide.
    if (!view.setProcedure(object) && type !== 'SYNC') return;
    queue.add(uid, { priority: object.spec.stop ? 'urgent' : 'normal' });
  };
  /** Leaving the selector arrives as DELETED too, with the old object: only a GET tells the two apart. */
  const confirmDeleted = async (object: LiveProcedure): Promise<void> => {
    const { uid, name } = object.metadata;
    if (view.procedure(uid)?.status.phase === 'Finished') {
      queue.add(uid);
      return;
    }
    try {
      const live = await procedures.get(name);
      if (live.metadata.uid === uid) view.setProcedure(live);
      else view.removeProcedure(uid);
    } catch (error) {
      if (isNotFound(error)) view.removeProcedure(uid);
      else {
        log.warn({ uid, err: error }, 'could not tell whether a procedure was deleted; asking again');
        await clock.sleep(1_000, signal);
        if (!signal.aborted) return confirmDeleted(object);
      }
    }
    queue.add(uid, { priority: 'high' });
  };
  const onPod = ({ type, object }: Change<Pod>): void => {
    const uid = procedureUidOf(object);
    if (uid === undefined) return;
    if (type === 'DELETED') view.setPodGone(uid, object);
    else {
      view.setPod(object);
      captures.podSeen(uid, object);
    }
    queue.add(uid, { priority: type === 'ADDED' ? 'normal' : 'high' });
  };

  const running = [watchProcedures.run(signal), watchPods.run(signal)];
  await Promise.race([Promise.all([watchProcedures.synced, watchPods.synced]), aborted(signal)]);
  if (!signal.aborted) {
    await recall({ namespace, store, view, exclusivity, enqueue: (uid) => queue.add(uid) });
    options.onReady();
    const fullPass = setInterval(() => {
      for (const { metadata } of view.procedures()) queue.add(metadata.uid, { priority: 'low' });
      for (const uid of view.podKeys()) queue.add(uid, { priority: 'low' });
    }, FULL_PASS_MS);
    const gauges = setInterval(
      () => metrics.sample({ queue: queue.metrics(), procedures: view.size, captures: captures.size }),
      1_000,
    );
    running.push(reconciler.run());
    await aborted(signal);
    clearInterval(fullPass);
    clearInterval(gauges);
  }
  queue.shutDown();
  captures.closeAll();
  await Promise.all(running);
}

/** What an earlier operator left: who holds which key, and runs whose procedure went while nobody looked. */
async function recall(options: {
  namespace: string;
  store: JournalStore;
  view: ClusterView;
  exclusivity: Exclusivity;
  enqueue: (uid: string) => void;
}): Promise<void> {
  const { namespace, store, view, exclusivity, enqueue } = options;
  for (const { metadata, spec, status } of view.procedures())
    if (spec.exclusive !== undefined && status.permit?.mainTime !== undefined)
      exclusivity.take(spec.exclusive, metadata.uid);
  for (const run of await store.runs(namespace, { includeDeleted: true })) {
    if (run.finished !== null || view.procedure(run.uid)) continue;
    const { exclusive } = run.info;
    if (typeof exclusive === 'string' && run.history.some(([state]) => state === 'RUNNING'))
      exclusivity.take(exclusive, run.uid);
    enqueue(run.uid);
  }
}

async function runnerSource(): Promise<{ source: string; sha256: string }> {
  const source = await readFile(new URL('../runner/dist/runner.py', import.meta.url), 'utf8');
  return { source, sha256: createHash('sha256').update(source).digest('hex') };
}

function passedOn(names: readonly string[], env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
