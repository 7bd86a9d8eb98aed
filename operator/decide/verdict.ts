/**
 * How a run ended, told from the runner's `end` or, where that cannot come, from what the kubelet wrote about the container.
 * Every verdict has a named reason; docs/failures.md lists them.
 */
import type { Run, Verdict } from '../../journal/types.ts';
import type { Pod } from '../../kube/index.ts';
import { isScriptPermitted } from './facts.ts';
import type { Observed, StopRequest } from './types.ts';
import { foreign } from './versions.ts';

type Told = Pick<Verdict, 'state' | 'reason' | 'message'>;

/** Conditions and reasons by which Kubernetes tells why it ended a pod (KEP-3329). */
export function disruption(pod: Pod | undefined): { reason: string; message: string } | undefined {
  const condition = pod?.status?.conditions?.find((c) => c.type === 'DisruptionTarget' && c.status === 'True');
  if (condition) return { reason: condition.reason ?? 'DisruptionTarget', message: condition.message ?? '' };
  const { reason, message } = pod?.status ?? {};
  if (
    reason !== undefined &&
    ['Evicted', 'NodeShutdown', 'Terminated', 'NodeLost', 'Preempting', 'NodeAffinity', 'DeadlineExceeded'].includes(
      reason,
    )
  )
    return { reason: reason === 'Terminated' ? 'NodeShutdown' : reason, message: message ?? '' };
  return undefined;
}

export function terminated(pod: Pod | undefined) {
  return pod?.status?.containerStatuses?.find((c) => c.name === 'main')?.state?.terminated;
}

/** The runner's own word, read in the light of who asked for the end. */
export function verdictOfEnd(
  o: Observed,
  end: NonNullable<Run['end']>,
  stop: StopRequest | undefined,
  now: number,
): Verdict {
  const base = { t: now * 1000, exitCode: end.exitCode, signal: end.signal };
  if (end.reason !== 'External') return { ...base, state: end.state, reason: end.reason, message: end.message };
  return { ...base, ...explained(o, o.pod ?? seen(o.gonePod), stop) };
}

/** SIGTERM came without a `stop`: ours whose stop could not be delivered, a deletion, or a disruption of the node's. */
function explained(o: Observed, pod: Pod | undefined, stop: StopRequest | undefined): Told {
  if (o.procedure === undefined || o.procedure.metadata.deletionTimestamp !== undefined)
    return {
      state: 'STOPPED',
      reason: 'ProcedureDeleted',
      message: 'the procedure was deleted while its script ran',
    };
  if (stop) return stopped(stop);
  const cause = foreign(o) ?? disruption(pod);
  if (cause) return { state: 'FAILED', ...cause };
  if (o.pod && o.pod.metadata.deletionTimestamp === undefined)
    return {
      state: 'FAILED',
      reason: 'Interrupted',
      message: 'SIGTERM came to PID 1, and neither a deletion nor the pod’s status tells why',
    };
  return { state: 'FAILED', reason: 'PodDeleted', message: 'the pod was deleted by someone else than the operator' };
}

/** A container that ended without a word of the runner's. */
export function verdictOfPod(o: Observed, pod: Pod, stop: StopRequest | undefined, now: number): Verdict {
  const state = terminated(pod);
  const base = { t: now * 1000, exitCode: state?.exitCode ?? null, signal: signalOf(state) };
  const told = fromTerminationLog(state?.message);
  if (told) return { ...base, ...(told.reason === 'External' ? explained(o, pod, stop) : told) };
  if (state?.reason === 'OOMKilled')
    return { ...base, state: 'FAILED', reason: 'OOMKilled', message: 'the container ran out of memory' };
  if (o.procedure === undefined)
    return { ...base, state: 'STOPPED', reason: 'ProcedureDeleted', message: 'the procedure was deleted' };
  if (stop) return { ...base, ...stopped(stop) };
  const cause = foreign(o) ?? disruption(pod);
  if (cause) return { ...base, state: 'FAILED', ...cause };
  if (pod.metadata.deletionTimestamp !== undefined)
    return {
      ...base,
      state: 'FAILED',
      reason: 'PodDeleted',
      message: 'the pod was deleted by someone else than the operator',
    };
  if (!state && pod.status?.reason !== undefined)
    // What a kubelet says that refuses a pod: no room after all, or something that it cannot do.
    return { ...base, state: 'FAILED', reason: pod.status.reason, message: pod.status.message ?? '' };
  if (state && ['StartError', 'ContainerCannotRun', 'RunContainerError'].includes(state.reason ?? ''))
    return {
      ...base,
      state: 'FAILED',
      reason: 'StartError',
      message: state.message ?? 'the container could not be started',
    };
  const detail = state?.message === undefined || state.message === '' ? '' : `: ${state.message.slice(0, 1024)}`;
  if (base.signal !== null)
    return {
      ...base,
      state: 'FAILED',
      reason: 'Killed',
      message: `the container was killed by signal ${base.signal}${detail}`,
    };
  const how = isScriptPermitted(o)
    ? 'the runner ended without a verdict'
    : 'the container ended before the runner was loaded';
  return {
    ...base,
    state: 'FAILED',
    reason: 'RunnerFailed',
    message: `${how}, exit code ${state?.exitCode ?? 'unknown'}${detail}`,
  };
}

/** The pod object is gone, and no `end` came. */
export function verdictOfGonePod(o: Observed, stop: StopRequest | undefined, now: number): Verdict {
  const pod = seen(o.gonePod);
  if (pod && terminated(pod)) return verdictOfPod(o, pod, stop, now);
  const base = { t: now * 1000, exitCode: null, signal: null };
  if (!isScriptPermitted(o)) {
    // A bootstrap without a permit never loads anything: no script ran, whatever happened to the pod.
    if (stop) return { ...base, ...stopped(stop) };
    if (o.procedure === undefined)
      return {
        ...base,
        state: 'STOPPED',
        reason: 'ProcedureDeleted',
        message: 'the procedure was deleted before its script was loaded',
      };
    const cause = foreign(o) ?? disruption(pod);
    return {
      ...base,
      state: 'FAILED',
      ...(cause ?? { reason: 'PodDeleted', message: 'the pod was deleted before the script was loaded' }),
    };
  }
  return {
    ...base,
    state: 'UNKNOWN',
    reason: 'PodLost',
    message: 'the pod is gone and nobody saw its script end; it may still run on its node',
  };
}

/** The state that a confirmed end has after this request. */
export function stopped(stop: StopRequest): Told {
  return stop.reason === 'deadline'
    ? { state: 'FAILED', reason: 'DeadlineExceeded', message: stop.message }
    : { state: 'STOPPED', reason: 'Stopped', message: stop.message };
}

function seen(pod: Observed['gonePod']): Pod | undefined {
  return pod === 'unseen' ? undefined : pod;
}

function signalOf(state: ReturnType<typeof terminated>): number | null {
  if (state?.signal) return state.signal;
  return state !== undefined && state.exitCode > 128 && state.exitCode < 160 ? state.exitCode - 128 : null;
}

/** docs/protocol.md section 4: the runner's verdict in short, for when its journal did not arrive. */
function fromTerminationLog(text: string | undefined): Told | undefined {
  if (text?.startsWith('{') !== true) return undefined;
  try {
    const { state, reason } = JSON.parse(text) as { state?: unknown; reason?: unknown };
    if ((state === 'COMPLETE' || state === 'FAILED' || state === 'STOPPED') && typeof reason === 'string')
      return { state, reason, message: 'from the termination log: the journal did not arrive whole' };
  } catch {
    return undefined; // a script's image may write other text there
  }
  return undefined;
}
