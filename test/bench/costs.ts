/** What a round cost the cluster, by what API server, kubelet and operator count of themselves; of a whole cluster, so others' work is in it. */
import { CHART_MODE } from '../e2e/harness/stack.ts';
import { samples, total } from './metrics.ts';
import type { World } from './world.ts';

export interface Costs {
  /** Processor time, ms; NaN where it cannot be read. */
  readonly apiServer: number;
  readonly operator: number;
  /** Writes that the API server did, by `VERB resource/subresource`. */
  readonly writes: ReadonlyMap<string, number>;
}

const WRITES = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'];
const CPU = 'process_cpu_seconds_total';

/** The counters as they stand. */
export async function costs(world: World): Promise<Costs> {
  const [server, operator] = await Promise.all([
    world.kube.request<string>('GET', '/metrics', { timeoutMs: 60_000 }),
    operatorSeconds(world),
  ]);
  const writes = new Map<string, number>();
  for (const { labels, value } of samples(server, 'apiserver_request_total')) {
    const { verb = '', resource = '', subresource = '', code = '' } = labels;
    if (!WRITES.includes(verb) || !code.startsWith('2')) continue;
    const key = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    writes.set(key, (writes.get(key) ?? 0) + value);
  }
  return { apiServer: total(server, CPU) * 1000, operator: operator * 1000, writes };
}

/** What was between two readings. */
export function between(before: Costs, after: Costs): Costs {
  const writes = [...after.writes].map(([key, value]) => [key, value - (before.writes.get(key) ?? 0)] as const);
  return {
    apiServer: after.apiServer - before.apiServer,
    operator: after.operator - before.operator,
    writes: new Map(writes.filter(([, value]) => value > 0)),
  };
}

/** Of the operator's process, or of its container by the kubelet's word, which is some seconds old. */
async function operatorSeconds({ stack, kube }: World): Promise<number> {
  if (!CHART_MODE) return total((await stack.operator.metrics?.()) ?? '', CPU) || NaN;
  const { items } = await kube.request<{ items: { metadata: { name: string } }[] }>('GET', '/api/v1/nodes');
  let seconds = 0;
  for (const { metadata } of items) {
    const text = await kube.request<string>('GET', `/api/v1/nodes/${metadata.name}/proxy/metrics/resource`);
    for (const { labels, value } of samples(text, 'container_cpu_usage_seconds_total'))
      if (labels['namespace'] === stack.namespace && labels['container'] === 'operator') seconds += value;
  }
  return seconds;
}
