import type { KubeObject } from '../objects.ts';
import { ageColumn, column, nameColumn, shortDuration, type Column } from './columns.ts';

interface ContainerState {
  waiting?: { reason?: string };
  running?: { startedAt?: string };
  terminated?: { reason?: string; exitCode?: number; signal?: number; finishedAt?: string };
}

interface ContainerStatus {
  ready?: boolean;
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

interface PodView {
  spec?: { containers?: unknown[]; nodeName?: string; readinessGates?: { conditionType: string }[] };
  status?: {
    phase?: string;
    reason?: string;
    podIP?: string;
    nominatedNodeName?: string;
    containerStatuses?: ContainerStatus[];
    conditions?: { type: string; status: string }[];
  };
}

/** STATUS as `kubectl get pods` shows it: the phase, unless a container or a deletion says more. */
export function podStatus(object: KubeObject): string {
  const { status } = object as PodView;
  let reason = status?.reason ?? status?.phase ?? 'Unknown';
  for (const container of [...(status?.containerStatuses ?? [])].reverse()) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated?.reason) reason = terminated.reason;
    else if (terminated) {
      reason = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
    }
  }
  if (object.metadata.deletionTimestamp === undefined) return reason;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? reason : 'Terminating';
}

function restarts(object: KubeObject, now: number): string {
  const statuses = (object as PodView).status?.containerStatuses ?? [];
  const count = statuses.reduce((sum, each) => sum + (each.restartCount ?? 0), 0);
  const last = statuses
    .map((each) => Date.parse(each.lastState?.terminated?.finishedAt ?? ''))
    .filter((time) => time > 0);
  return count > 0 && last.length > 0 ? `${count} (${shortDuration(now - Math.max(...last))} ago)` : `${count}`;
}

/** `kubectl get pods [-o wide]` */
export const podColumns: Column[] = [
  nameColumn,
  column('Ready', (object) => {
    const { spec, status } = object as PodView;
    const ready = (status?.containerStatuses ?? []).filter((each) => each.ready && each.state?.running).length;
    return `${ready}/${spec?.containers?.length ?? 0}`;
  }),
  column('Status', podStatus),
  column('Restarts', restarts),
  ageColumn,
  column('+IP', (object) => (object as PodView).status?.podIP ?? '<none>'),
  column('+Node', (object) => (object as PodView).spec?.nodeName ?? '<none>'),
  column('+Nominated Node', (object) => (object as PodView).status?.nominatedNodeName ?? '<none>'),
  column('+Readiness Gates', (object) => {
    const { spec, status } = object as PodView;
    const gates = spec?.readinessGates ?? [];
    if (gates.length === 0) return '<none>';
    const met = gates.filter((gate) =>
      status?.conditions?.some((condition) => condition.type === gate.conditionType && condition.status === 'True'),
    );
    return `${met.length}/${gates.length}`;
  }),
];
