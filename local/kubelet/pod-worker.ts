import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createContainer, type Container } from './container.ts';
import type { Node } from './node.ts';
import { isFinished, type ContainerState, type Pod } from './pod.ts';
import type { ContainerRecord } from './runtime.ts';
import { podStatus, type PodView } from './status.ts';

/** A runtime gives a container at least this long to end, whatever the pod says. */
const LEAST_GRACE = 2;
/** Milliseconds between the end of a stopped pod and the write that tells of it. */
const STOPPED_DELAY_MS = 50;
/** The log of a deleted pod stays at least this long after its container's end. */
const LEAST_LOG_MS = 200;
const LONGEST_BACKOFF_MS = 300_000;
const SIGTERM = 15;

/** A container and what the API was told of it. */
export interface TrackedContainer {
  container: Container;
  shown: ContainerState;
  /** When to try again, in milliseconds. */
  retryAt?: number;
}

/** One pod on this node, from its binding to the end of its containers. */
export interface PodWorker {
  readonly pod: Pod;
  containers(): TrackedContainer[];
  /** The pod's object has changed. */
  observe(pod: Pod): void;
  /** The pod's object is gone. */
  forget(): void;
  /** The node looks at its containers: what happened since the last look is told, what is asked for is done. */
  tick(): void;
  /** Called at the end of each look, for who waits to see an end. */
  onTick(listener: () => void): () => void;
  onExit(record: ContainerRecord): void;
  /** The runtime was killed: what ran is lost. */
  lose(): void;
  /** True when nothing of the pod is left here. */
  readonly gone: boolean;
  /** Lets go of the pod's containers. Resolves when what was read of their output is in the logs. */
  detach(): Promise<void>;
}

/** Starts a pod; with `records` it goes on with what the runtime has of it. */
export function createPodWorker(node: Node, first: Pod, records?: ContainerRecord[]): PodWorker {
  let pod = first;
  let finished = isFinished(first);
  let refusal: { reason: string; message: string } | undefined;
  let deadline = false;
  let stoppingSince: number | undefined;
  let killAt = Infinity;
  let deleted = false;
  let orphaned = false;
  let removing = false;
  let gone = false;
  let detached = false;
  let killTimer: NodeJS.Timeout | undefined;
  let stoppedTimer: NodeJS.Timeout | undefined;
  const waitingForTick = new Set<() => void>();

  const tracked: TrackedContainer[] = pod.spec.containers.map((spec) => {
    const container = createContainer(node, pod, spec, () => {
      if (allEnded() && stoppingSince !== undefined) stoppedTimer ??= setTimeout(showStopped, STOPPED_DELAY_MS);
    });
    return { container, shown: container.state };
  });

  function allEnded(): boolean {
    return tracked.every(({ container }) => container.state.terminated ?? (!container.state.running && deleted));
  }

  function view(): PodView {
    const why = refusal ?? (deadline ? DEADLINE : undefined);
    return {
      finished,
      ...(why && finished ? why : {}),
      containers: tracked.map(({ container, shown }) => ({
        name: container.spec.name,
        image: container.spec.image,
        state: shown,
        lastState: container.lastState,
        restartCount: container.restarts,
        ...(container.containerID === undefined || shown.waiting ? {} : { containerID: container.containerID }),
      })),
    };
  }
  function write(): void {
    if (!detached) node.writeStatus(pod, (current) => podStatus(current, view(), node.address, node.now()));
  }

  function begin(): void {
    refusal = refusalOf(pod);
    if (refusal) {
      finished = true;
      write();
      node.event(pod, 'Warning', refusal.reason, refusal.message);
      return;
    }
    write();
    for (const { container } of tracked) void container.start();
  }

  function adopt(found: ContainerRecord[]): void {
    for (const entry of tracked) {
      const { name } = entry.container.spec;
      const record = found
        .filter(({ labels }) => labels['container'] === name)
        .sort((a, b) => Number(b.labels['restarts']) - Number(a.labels['restarts']))[0];
      const told = pod.status?.containerStatuses?.find((status) => status.name === name);
      if (told) entry.shown = told.state;
      const restarts = record ? Number(record.labels['restarts']) : (told?.restartCount ?? 0);
      const containerID = told?.containerID;
      if (record === undefined && containerID === undefined) {
        if (!finished) void entry.container.start();
      } else {
        const known = { containerID: containerID ?? '', restarts, state: entry.shown };
        entry.container.adopt(record, known);
      }
    }
  }

  /** A pod that was told to end tells of it at once, and not at the next look. */
  function showStopped(): void {
    stoppedTimer = undefined;
    if (!allEnded() || finished) return;
    finished = true;
    for (const entry of tracked) entry.shown = entry.container.state;
    write();
  }

  function stop(grace: number): void {
    const now = node.now();
    const at = now + Math.max(LEAST_GRACE, grace) * 1000;
    if (stoppingSince === undefined) {
      stoppingSince = now;
      for (const { container } of tracked) {
        if (!container.state.running) continue;
        void container.signal(SIGTERM).catch(() => undefined); // without a runtime there is nothing to signal
        if (!orphaned)
          node.event(pod, 'Normal', 'Killing', `Stopping container ${container.spec.name}`, container.spec.name);
      }
      if (allEnded()) stoppedTimer ??= setTimeout(showStopped, STOPPED_DELAY_MS);
    }
    if (at >= killAt) return;
    killAt = at;
    clearTimeout(killTimer);
    killTimer = setTimeout(killAll, at - now);
  }
  function killAll(): void {
    for (const { container } of tracked) void container.kill().catch(() => undefined);
  }

  function checkDeadline(): void {
    const { activeDeadlineSeconds } = pod.spec;
    const start = pod.status?.startTime;
    if (deadline || finished || activeDeadlineSeconds === undefined || start === undefined) return;
    if (node.now() < Date.parse(start) + activeDeadlineSeconds * 1000) return;
    deadline = true;
    node.event(pod, 'Normal', DEADLINE.reason, DEADLINE.message);
    stop(pod.spec.terminationGracePeriodSeconds ?? 30);
  }

  /** Starts again what waits for something that may be there now, or what its restartPolicy wants. */
  function restart(entry: TrackedContainer): boolean {
    const { container, shown } = entry;
    const { terminated, waiting } = container.state;
    if (stoppingSince !== undefined || finished) return false;
    if (container.starting) return true;
    if (waiting && waiting.reason !== 'ContainerCreating') {
      entry.retryAt ??= node.now() + node.knobs.retryMs;
      if (node.now() < entry.retryAt) return true;
    } else if (terminated && shown.terminated && wantsRestart(pod, terminated.exitCode)) {
      const { restartBackoffMs } = node.knobs;
      const wait =
        container.restarts === 0 ? 0 : Math.min(restartBackoffMs * 2 ** (container.restarts - 1), LONGEST_BACKOFF_MS);
      if (node.now() < (container.endedAt ?? 0) + wait) return true;
    } else {
      return false;
    }
    delete entry.retryAt;
    void container.start();
    return true;
  }

  async function remove(): Promise<void> {
    removing = true;
    clearTimeout(killTimer);
    await Promise.all(tracked.map(({ container }) => container.remove().catch(() => undefined)));
    await rm(join(node.folder, pod.metadata.uid ?? ''), { recursive: true, force: true });
    if (!orphaned && !detached) node.release(pod);
    gone = true;
  }

  function tick(): void {
    if (gone || removing || detached) return;
    if ((deleted || orphaned) && stoppingSince === undefined) {
      stop(orphaned ? 0 : (pod.metadata.deletionGracePeriodSeconds ?? 30));
    }
    checkDeadline();
    if (stoppingSince !== undefined && allEnded()) showStopped();
    let changed = false;
    for (const entry of tracked) {
      if (entry.shown === entry.container.state) continue;
      entry.shown = entry.container.state;
      changed = true;
    }
    const alive = tracked.map(restart).some(Boolean);
    const over = tracked.every(({ shown }) => shown.terminated);
    if (!changed && !alive && over && !finished && stoppedTimer === undefined) {
      finished = true;
      changed = true;
    }
    if (changed && !orphaned) write();
    const ended = tracked.map(({ container }) => container.endedAt ?? 0);
    if ((deleted && finished) || orphaned) {
      if (allEnded() && node.now() > Math.max(...ended) + LEAST_LOG_MS) void remove();
    }
    for (const listener of [...waitingForTick]) listener();
  }

  if (pod.metadata.deletionTimestamp !== undefined) deleted = true;
  if (records) adopt(records);
  else begin();

  return {
    get pod() {
      return pod;
    },
    get gone() {
      return gone;
    },
    containers: () => tracked,
    observe(next) {
      pod = next;
      if (next.metadata.deletionTimestamp === undefined) return;
      deleted = true;
      if (stoppingSince !== undefined) stop(next.metadata.deletionGracePeriodSeconds ?? 30);
    },
    forget() {
      orphaned = deleted = true;
      if (stoppingSince !== undefined) stop(0);
    },
    tick,
    onTick(listener) {
      waitingForTick.add(listener);
      return () => void waitingForTick.delete(listener);
    },
    onExit(record) {
      for (const { container } of tracked) container.onExit(record);
    },
    lose() {
      for (const { container } of tracked) container.lose();
    },
    async detach() {
      detached = true;
      clearTimeout(killTimer);
      clearTimeout(stoppedTimer);
      await Promise.all(tracked.map(({ container }) => container.detach()));
    },
  };
}

const DEADLINE = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

function wantsRestart(pod: Pod, exitCode: number): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** What a pod asks for that processes without a file system of their own cannot have. */
function refusalOf(pod: Pod): { reason: string; message: string } | undefined {
  const mount = pod.spec.containers.flatMap(({ volumeMounts }) => volumeMounts ?? [])[0];
  const what = mount
    ? `the embedded cluster cannot mount volumes (${mount.name} at ${mount.mountPath})`
    : pod.spec.initContainers?.length
      ? `the embedded cluster runs no init containers (${pod.spec.initContainers[0]?.name ?? ''})`
      : undefined;
  return what === undefined ? undefined : { reason: 'NotSupported', message: `Pod was rejected: ${what}` };
}
