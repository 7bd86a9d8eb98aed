/** Making a run's pod, telling apart what its refusal means, and deleting it. */
import type { Pod, Resource, Stored } from '../../kube/index.ts';
import { isAlreadyExists, isConflict, isNotFound, KubeError } from '../../kube/index.ts';
import type { StepFailure } from '../decide/types.ts';
import { buildPod } from '../pod/build.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';

/** A refusal that lasts is tried again ever more rarely: after the first of these that is more than half of its age. */
const RETRY_MS = [5_000, 10_000, 20_000, 40_000, 60_000] as const;

type Refusal = Omit<StepFailure, 'since' | 'retryAt'>;
type Created = { pod: Stored<Pod> } | { failure: Refusal };

/** Makes the pod, or has it wait for its turn. A refusal is a step failure for the next decision, told by one event per reason. */
export async function makePod(
  procedure: LiveProcedure,
  ports: Pick<ExecutePorts, 'pods' | 'view' | 'failures' | 'clock' | 'podSettings' | 'record' | 'pace'>,
): Promise<void> {
  const { pods, view, failures, clock, podSettings, record, pace } = ports;
  const { uid } = procedure.metadata;
  if (!pace.enter(uid)) return;
  const created = await createPod(pods, buildPod(procedure, podSettings), uid);
  if ('pod' in created) {
    failures.create.delete(uid);
    view.setPod(created.pod);
    return;
  }
  pace.leave(uid);
  const { failure } = created;
  const before = failures.create.get(uid);
  const now = clock.now();
  const same = before?.reason === failure.reason ? before : undefined;
  const since = same?.since ?? now;
  const pause = RETRY_MS.find((ms) => now - since < ms * 2) ?? 60_000;
  failures.create.set(uid, { ...failure, since, retryAt: now + pause });
  if (!same) record(procedure, { type: 'Warning', reason: failure.reason, action: 'CreatePod', note: failure.message });
}

/** Deletes this very pod. One that is gone already is noted as gone. */
export async function deletePod(
  uid: string,
  pod: Pod,
  graceSeconds: number,
  { pods, view, clock }: Pick<ExecutePorts, 'pods' | 'view' | 'clock'>,
): Promise<void> {
  const { name = '', uid: podUid } = pod.metadata;
  try {
    await pods.delete(name, { ...(podUid !== undefined && { uid: podUid }), gracePeriodSeconds: graceSeconds });
    view.markPodDeleting(uid, clock.now() + graceSeconds * 1000);
  } catch (error) {
    // A conflict is another pod's uid under this name: ours is gone as well.
    if (!isNotFound(error) && !isConflict(error)) throw error;
    view.setPodGone(uid, 'unseen');
  }
}

/**
 * Creates the pod, or finds the one that an earlier attempt made. Throws KubeError where the API server did not answer or
 * asks to come again: the caller's backoff is for that.
 */
async function createPod(pods: Resource<Pod>, wanted: Pod, procedureUid: string): Promise<Created> {
  try {
    return { pod: await pods.create(wanted) };
  } catch (error) {
    if (isAlreadyExists(error)) return adopt(pods, wanted, procedureUid);
    const failure = error instanceof KubeError ? refusal(error) : undefined;
    if (failure) return { failure };
    throw error;
  }
}

/** The name is taken: ours if its controller is this procedure, by a live GET and by uid. */
async function adopt(pods: Resource<Pod>, wanted: Pod, procedureUid: string): Promise<Created> {
  const name = wanted.metadata.name ?? '';
  try {
    const pod = await pods.get(name);
    if (pod.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === procedureUid))
      return { pod };
    return {
      failure: { reason: 'NameConflict', message: `a pod ${name} exists that is not this procedure's`, final: true },
    };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { failure: { reason: 'NameConflict', message: `a pod ${name} was just deleted`, final: false } };
  }
}

function refusal(error: KubeError): Refusal | undefined {
  const { message } = error;
  if (error.status === 403) {
    if (/exceeded quota|must specify/.test(message)) return { reason: 'QuotaExceeded', message, final: false };
    if (/is being terminated/.test(message)) return { reason: 'NamespaceTerminating', message, final: false };
    if (/violates PodSecurity/.test(message)) return { reason: 'PodSecurity', message, final: true };
    return { reason: 'Forbidden', message, final: false };
  }
  if (error.status === 404) return { reason: 'NamespaceGone', message, final: false };
  if (error.status === 422 || error.status === 400) return { reason: 'InvalidPod', message, final: true };
  return undefined;
}
