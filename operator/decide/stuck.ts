/** Why a pod does not start, told from the kubelet's and the scheduler's words. */
import type { Pod } from '../../kube/index.ts';

export interface Stuck {
  readonly reason: string;
  readonly message: string;
  /** Waiting may help (a registry's hiccup, a Secret applied a moment later); false: end the run at once. */
  readonly mayPass: boolean;
}

/** Waiting reasons of the kubelet that name a fault, and whether time may cure it. */
const WAITING: Readonly<Record<string, boolean>> = {
  ErrImagePull: true,
  ImagePullBackOff: true,
  RegistryUnavailable: true,
  ErrImageNeverPull: false,
  InvalidImageName: false,
  ImageInspectError: true,
  CreateContainerConfigError: true,
  CreateContainerError: true,
  RunContainerError: true,
  CrashLoopBackOff: false,
};

/** The fault that keeps a pod from running, if one is named. An unschedulable pod may wait until prepareSeconds. */
export function stuck(pod: Pod): (Stuck & { untilDeadline: boolean }) | undefined {
  const waiting = pod.status?.containerStatuses?.find((c) => c.name === 'main')?.state?.waiting;
  const mayPass = waiting?.reason === undefined ? undefined : WAITING[waiting.reason];
  if (waiting?.reason !== undefined && mayPass !== undefined)
    return { reason: named(waiting.reason), message: waiting.message ?? waiting.reason, mayPass, untilDeadline: false };
  const scheduled = pod.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  if (scheduled)
    return {
      reason: scheduled.reason ?? 'Unschedulable',
      message: scheduled.message ?? '',
      mayPass: true,
      untilDeadline: true,
    };
  return undefined;
}

/** ErrImagePull and ImagePullBackOff alternate; one name for the pair keeps the status still. */
function named(reason: string): string {
  return reason === 'ErrImagePull' ? 'ImagePullBackOff' : reason;
}
