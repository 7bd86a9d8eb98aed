/** One term of leadership: watches, queue, workers and captures, from the lease's begin to its end. Everything outside is a port. */
import type { Procedure } from '../crds/index.ts';
import type { JournalStore } from '../journal/types.ts';
import {
  isNotFound,
  WorkQueue,
  type Change,
  type Clock,
  type EventInput,
  type Pod,
  type Resource,
} from '../kube/index.ts';
import type { ContainerStreams, Log } from './capture/ports.ts';
import type { Settings } from './decide/types.ts';
import type { PodSettings } from './pod/build.ts';
import type { ScriptPorts } from './pod/script.ts';
import { Captures } from './reconcile/captures.ts';
import { Executor } from './reconcile/execute.ts';
import { Exclusivity } from './reconcile/exclusivity.ts';
import type { StepFailures } from './reconcile/ports.ts';
import { Pace } from './reconcile/pace.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import { ClusterView, procedureUidOf, type LiveProcedure } from './reconcile/view.ts';
import { retain } from './retention.ts';

/** A watch that calls back with what changes; `synced` when the first list is told. */
export interface Watching {
  readonly synced: Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface TermPorts {
  readonly namespace: string;
  /** Number of the term: the frames' session. */
  readonly session: number;
  readonly holder: string;
  readonly procedures: Resource<Procedure>;
  readonly pods: Resource<Pod>;
  /** Unfinished procedures; leaving them arrives as DELETED, as a deletion does. */
  readonly watchProcedures: (onChange: (change: Change<Procedure>) => void) => Watching;
  /** Pods that the operator made. */
  readonly watchPods: (onChange: (change: Change<Pod>) => void) => Watching;
  readonly streamsOf: (podName: string) => ContainerStreams;
  readonly store: JournalStore;
  readonly ids: { next(): Promise<number> };
  readonly scripts: ScriptPorts;
  readonly runner: { readonly source: string; readonly sha256: string };
  readonly podSettings: PodSettings;
  readonly settings: Settings;
  /** Containers that may be started at once, however long they take; what is more waits for its turn. */
  readonly concurrentStarts: number;
  readonly record: (object: LiveProcedure, input: EventInput) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly onWait?: (ms: number, priority: string) => void;
  readonly onPass?: (ms: number, outcome: 'success' | 'error' | 'conflict') => void;
  /** Told when the watches have their first lists and work begins. */
  readonly onReady: (sample: () => TermSample) => void;
}

export interface TermSample {
  readonly queue: ReturnType<WorkQueue['metrics']>;
  readonly procedures: number;
  readonly captures: number;
  /** Procedures whose pod is made when others are up. */
  readonly waitingForTurn: number;
  /** Captures that something hinders, by its reason. */
  readonly degraded: ReadonlyMap<string, number>;
}

/** Everything is looked at again so often, whatever the watches say. */
const FULL_PASS_MS = 300_000;

/** Runs a term until the signal aborts. Rejects only for a fault in the set-up. */
export async function runTerm(ports: TermPorts, signal: AbortSignal): Promise<void> {
  const { store, procedures, pods, clock, log, onWait, onPass } = ports;
  const queue = new WorkQueue({
    clock,
    ...(onWait && { onGet: (_key, waitedMs, priority) => onWait(waitedMs, priority) }),
  });
  const view = new ClusterView();
  const failures: StepFailures = { create: new Map(), script: new Map() };
  const exclusivity = new Exclusivity((uid) => queue.add(uid));
  const pace = new Pace({ least: ports.concurrentStarts, clock, wake: (uid) => queue.add(uid) });
  const captures = new Captures({
    ports: { journal: store, clock, log, session: ports.session },
    streamsOf: ports.streamsOf,
    changed: (uid) => queue.add(uid, { priority: 'high' }),
  });
  const release = (uid: string): void => {
    captures.release(uid);
    view.forget(uid);
    failures.create.delete(uid);
    failures.script.delete(uid);
    exclusivity.release(uid);
    pace.leave(uid);
  };
  const executor = new Executor({ ...ports, view, captures, exclusivity, pace, failures, release });
  const reconciler = new Reconciler({
    queue,
    observe: { view, store, pods, captures, exclusivity, pace, failures, settings: ports.settings, clock },
    executor,
    procedures,
    clock,
    log,
    ...(onPass && { onPass }),
  });

  /** Leaving the selector arrives as DELETED too, with the old object: only a GET tells the two apart. */
  const confirmDeleted = async (object: LiveProcedure): Promise<void> => {
    const { uid, name } = object.metadata;
    if (view.procedure(uid)?.status.phase !== 'Finished') {
      try {
        const live = await procedures.get(name);
        if (live.metadata.uid === uid) view.setProcedure(live);
        else view.removeProcedure(uid);
      } catch (error) {
        if (!isNotFound(error)) {
          log.warn({ uid, err: error }, 'could not tell whether a procedure was deleted; asking again');
          await clock.sleep(1_000, signal);
          return signal.aborted ? undefined : confirmDeleted(object);
        }
        view.removeProcedure(uid);
      }
    }
    queue.add(uid, { priority: 'high' });
  };
  const onProcedure = ({ type, object }: Change<Procedure>): void => {
    if (type === 'DELETED') void confirmDeleted(object);
    // The answer to a write of ours is the newest already: nothing new to decide.
    else if (view.setProcedure(object))
      queue.add(object.metadata.uid, { priority: object.spec.stop ? 'urgent' : 'normal' });
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

  const watches = [ports.watchProcedures(onProcedure), ports.watchPods(onPod)];
  const running = watches.map((watch) => watch.run(signal));
  await Promise.race([Promise.all(watches.map(({ synced }) => synced)), whenAborted(signal)]);
  if (!signal.aborted) {
    await recall({ namespace: ports.namespace, store, view, exclusivity, enqueue: (uid) => queue.add(uid) });
    ports.onReady(() => ({
      queue: queue.metrics(),
      procedures: view.size,
      captures: captures.size,
      waitingForTurn: pace.waiting,
      degraded: captures.degraded(),
    }));
    running.push(reconciler.run(), fullPasses({ clock, view, queue }, signal), retain(ports, signal));
    await whenAborted(signal);
  }
  queue.shutDown();
  captures.closeAll();
  pace.close();
  await Promise.all(running);
}

async function fullPasses(
  { clock, view, queue }: { clock: Clock; view: ClusterView; queue: WorkQueue },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(FULL_PASS_MS, signal);
    if (signal.aborted) return;
    for (const { metadata } of view.procedures()) queue.add(metadata.uid, { priority: 'low' });
    for (const uid of view.podKeys()) queue.add(uid, { priority: 'low' });
  }
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
  for (const run of await store.runs(namespace, { includeDeleted: true, unfinished: true })) {
    if (view.procedure(run.uid)) continue;
    const { exclusive } = run.info;
    if (typeof exclusive === 'string' && run.history.some(([state]) => state === 'RUNNING'))
      exclusivity.take(exclusive, run.uid);
    enqueue(run.uid);
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
