/** Gathers all that a decision needs; asks the API server itself where the watches cannot be trusted to know. */
import type { JournalReader } from '../../journal/types.ts';
import type { Clock, Pod, Resource } from '../../kube/index.ts';
import { isNotFound } from '../../kube/index.ts';
import type { Observed, Settings } from '../decide/types.ts';
import { stuck } from '../decide/stuck.ts';
import { podName } from '../pod/build.ts';
import type { Captures } from './captures.ts';
import type { Exclusivity } from './exclusivity.ts';
import type { StepFailures } from './ports.ts';
import type { Pace } from './pace.ts';
import type { ClusterView } from './view.ts';

export interface ObservePorts {
  readonly view: ClusterView;
  readonly store: Pick<JournalReader, 'run'>;
  readonly pods: Resource<Pod>;
  readonly captures: Captures;
  readonly exclusivity: Exclusivity;
  readonly pace: Pace;
  readonly failures: StepFailures;
  readonly settings: Settings;
  readonly clock: Clock;
}

export async function observe(uid: string, ports: ObservePorts): Promise<Observed> {
  const { view, captures, exclusivity, pace, failures, settings } = ports;
  const procedure = view.procedure(uid);
  const run = procedure && !procedure.status.claim ? undefined : await ports.store.run(uid);
  // A pod that was recorded, or that has spoken, or whose procedure was deleted: if no watch shows it, it is asked for.
  const expected =
    procedure?.status.pod?.name ??
    (run?.finished === null && (!procedure || run.high > 0) ? podName(run.name, uid) : undefined);
  if (expected !== undefined && !view.pod(uid) && view.gonePod(uid) === undefined) await look(uid, expected, ports);

  const pod = view.pod(uid);
  // Without a place there is no container, and tries to reach one are in vain: ten thousand may wait for a full cluster.
  if (pod && pod.spec.nodeName === undefined && stuck(pod)) captures.release(uid);
  else if (pod && run) {
    captures.ensure(uid, pod.metadata.name, { high: run.high, ended: run.end !== null });
    captures.podSeen(uid, pod);
  }
  if (view.gonePod(uid) !== undefined) captures.get(uid)?.podGone();

  const capture = captures.get(uid)?.view();
  // It answers, or waits for something that a busy processor does not delay.
  if (capture?.hello) pace.answered(uid);
  else if (view.gonePod(uid) !== undefined || (pod && stuck(pod))) pace.leave(uid);

  const key = procedure?.spec.exclusive;
  const holder = key === undefined ? undefined : exclusivity.heldBy(key, uid);
  return {
    uid,
    procedure,
    pod: view.pod(uid),
    gonePod: view.gonePod(uid),
    run,
    capture: capture ?? { drained: view.gonePod(uid) !== undefined },
    heldBy: holder === undefined ? undefined : (view.procedure(holder)?.metadata.name ?? 'a deleted procedure'),
    createFailure: failures.create.get(uid),
    scriptFailure: failures.script.get(uid),
    settings,
    inLine: pace.waits(uid),
    starting: pace.starting,
  };
}

/** A recorded pod that no watch shows: seen by GET, or gone. */
async function look(uid: string, name: string, { view, pods }: ObservePorts): Promise<void> {
  try {
    const pod = await pods.get(name);
    if (view.setPod(pod) === uid) return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  view.setPodGone(uid, 'unseen');
}
