/** Making the pod, and telling apart what its refusal means. */
import type { Pod, Resource, Stored } from '../../kube/index.ts';
import { isAlreadyExists, isNotFound, KubeError } from '../../kube/index.ts';
import type { StepFailure } from '../decide/types.ts';

export type Created = { pod: Stored<Pod> } | { failure: Omit<StepFailure, 'since' | 'retryAt'> };

/**
 * Creates the pod, or finds the one that an earlier attempt made. Throws KubeError where the API server did not answer or
 * asks to come again: the caller's backoff is for that.
 */
export async function createPod(pods: Resource<Pod>, wanted: Pod, procedureUid: string): Promise<Created> {
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

function refusal(error: KubeError): Omit<StepFailure, 'since' | 'retryAt'> | undefined {
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
