import { kubeTime } from '../apiserver/objects.ts';
import type { ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from './pod.ts';

/** What the kubelet has to say about one container. */
export interface ContainerView {
  name: string;
  image: string;
  state: ContainerState;
  lastState?: ContainerState;
  restartCount: number;
  /** `local://…`; absent until it was created. */
  containerID?: string;
}

/** What the kubelet has to say about a pod. */
export interface PodView {
  containers: ContainerView[];
  /** The phase is terminal: told one look later than the end of the last container, as a real kubelet does. */
  finished: boolean;
  /** The pod was stopped or refused by the node itself. */
  reason?: string;
  message?: string;
}

/** Conditions that are the kubelet's; it keeps what others wrote (DisruptionTarget), before its own. */
const OWN = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];

/** The whole status of a pod from what the node sees of it; transition times are kept where nothing changed. */
export function podStatus(pod: Pod, view: PodView, address: string, now: number): PodStatus {
  const before = pod.status ?? {};
  const generation = pod.metadata.generation ?? 1;
  const statuses = view.containers.map(containerStatus);
  const phase = phaseOf(view, before);
  const conditions = conditionsOf(view, phase).map((wanted) => {
    const old = before.conditions?.find(({ type }) => type === wanted.type);
    const since = old?.status === wanted.status ? old.lastTransitionTime : undefined;
    return {
      ...wanted,
      observedGeneration: generation,
      lastProbeTime: null,
      lastTransitionTime: since ?? kubeTime(now),
    };
  });
  const foreign = before.conditions?.filter(({ type }) => !OWN.includes(type)) ?? [];
  const started = view.containers.some(({ containerID }) => containerID !== undefined);
  return {
    ...before,
    observedGeneration: generation,
    phase,
    ...(view.reason === undefined ? {} : { reason: view.reason }),
    ...(view.message === undefined ? {} : { message: view.message }),
    conditions: [...foreign, ...conditions],
    hostIP: address,
    hostIPs: [{ ip: address }],
    ...(started ? { podIP: address, podIPs: [{ ip: address }] } : {}),
    startTime: before.startTime ?? kubeTime(now),
    containerStatuses: statuses,
  };
}

function containerStatus(view: ContainerView): ContainerStatus {
  const running = view.state.running !== undefined;
  return {
    name: view.name,
    state: view.state,
    lastState: view.lastState ?? {},
    ready: running,
    restartCount: view.restartCount,
    image: view.image,
    imageID: view.containerID === undefined ? '' : view.image,
    ...(view.containerID === undefined ? {} : { containerID: view.containerID }),
    started: running,
    resources: {},
  };
}

function phaseOf(view: PodView, before: PodStatus): NonNullable<PodStatus['phase']> {
  const ends = view.containers.map(({ state }) => state.terminated);
  if (view.finished)
    return view.reason === undefined && ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed';
  if (view.containers.some(({ state }) => state.running)) return 'Running';
  return before.phase === 'Running' ? 'Running' : 'Pending';
}

function conditionsOf(view: PodView, phase: PodStatus['phase']): PodCondition[] {
  const over = view.containers.length > 0 && view.containers.every(({ state }) => state.terminated);
  const ready = view.containers.length > 0 && view.containers.every(({ state }) => state.running);
  const well = view.containers.every(({ state }) => state.terminated?.exitCode === 0);
  const overReason = well && view.reason === undefined ? 'PodCompleted' : 'PodFailed';
  const unready = view.containers.filter(({ state }) => !state.running).map(({ name }) => name);
  const why: Pick<PodCondition, 'reason' | 'message'> = ready
    ? {}
    : over || phase === 'Failed'
      ? { reason: overReason }
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const created = view.containers.some(({ containerID }) => containerID !== undefined);
  const readyStatus = ready ? 'True' : 'False';
  return [
    { type: 'PodReadyToStartContainers', status: created && !view.finished ? 'True' : 'False' },
    { type: 'Initialized', status: 'True', ...(over && well ? { reason: 'PodCompleted' } : {}) },
    { type: 'Ready', status: readyStatus, ...why },
    { type: 'ContainersReady', status: readyStatus, ...why },
    { type: 'PodScheduled', status: 'True' },
  ];
}
