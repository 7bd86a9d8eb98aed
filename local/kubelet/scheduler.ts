import { kubeTime } from '../apiserver/objects.ts';
import type { Storage } from '../apiserver/storage.ts';
import type { Node } from './node.ts';
import { PODS, type Pod, type PodCondition } from './pod.ts';

/** The labels of the one node. */
export function nodeLabels(name: string): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
  };
}

/** Binds a new pod to the one node, or says in its conditions why it does not fit there. */
export function schedule(storage: Storage, node: Node, pod: Pod): void {
  if (pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined) return;
  if (pod.spec.schedulingGates?.length) return;
  const current = node.read(pod);
  if (!current || current.spec.nodeName !== undefined) return;
  const why = misfit(storage, node.name, current);
  const condition: PodCondition = {
    type: 'PodScheduled',
    observedGeneration: current.metadata.generation ?? 1,
    status: why === undefined ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: kubeTime(node.now()),
    ...(why === undefined ? {} : { reason: 'Unschedulable', message: why }),
  };
  const old = current.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (why !== undefined && old?.message === why) return;
  const others = current.status?.conditions?.filter(({ type }) => type !== 'PodScheduled') ?? [];
  storage.update(PODS, {
    ...current,
    ...(why === undefined ? { spec: { ...current.spec, nodeName: node.name } } : {}),
    status: { phase: 'Pending', ...current.status, conditions: [...others, condition] },
  });
  const { namespace = '', name } = current.metadata;
  if (why === undefined)
    node.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.name}`);
  else node.event(pod, 'Warning', 'FailedScheduling', why);
}

function misfit(storage: Storage, nodeName: string, pod: Pod): string | undefined {
  const node = storage.get('nodes', undefined, nodeName);
  const labels = { ...nodeLabels(nodeName), ...node?.metadata.labels };
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  if (selector.some(([key, value]) => labels[key] !== value)) {
    return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
  }
  const unschedulable = (node?.['spec'] as { unschedulable?: boolean } | undefined)?.unschedulable ?? false;
  const tolerated = pod.spec.tolerations?.some(
    ({ key, operator }) => key === 'node.kubernetes.io/unschedulable' || (key === undefined && operator === 'Exists'),
  );
  return unschedulable && !tolerated ? '0/1 nodes are available: 1 node(s) were unschedulable.' : undefined;
}
