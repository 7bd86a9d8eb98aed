/** How often a run makes the API server write, by its own count; the operator's share is what design and budget speak of. */
import { randomBytes } from 'node:crypto';
import { API_VERSION, KIND } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import { between, costs, type Costs } from '../costs.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';

export const writes: ClusterPart = {
  name: 'writes',
  what: 'writes of a run, by the API server’s metrics (of the whole cluster: medians, one run at a time)',
  runOn: run,
};

/** The operator's own: nobody else writes these, but for the kubelet's last DELETE of each pod. */
const OPERATORS = ['PATCH procedures/status', 'POST pods', 'DELETE pods'];
const KUBELETS_DELETES = 1;

async function run(world: World, { report, n = 9 }: Order): Promise<void> {
  const unit = 'writes';
  for (const [policy, limit] of [
    ['Automatic', 6],
    ['Manual', 7],
  ] as const) {
    const seen: Costs[] = [];
    const events: number[] = [];
    for (let i = 0; i < n; i++) {
      const before = await costs(world);
      const name = await runOne(world, policy);
      seen.push(between(before, await costs(world)));
      events.push(await eventsOf(world, name));
    }
    const own = seen.map((cost) =>
      OPERATORS.reduce((sum, key) => sum + (cost.writes.get(key) ?? 0), -KUBELETS_DELETES),
    );
    report.row(`${policy}: the operator’s writes`, own, { unit, bar: { stat: 'median', is: '<=', limit } });
    for (const key of new Set(seen.flatMap((cost) => [...cost.writes.keys()]))) {
      const counts = seen.map((cost) => cost.writes.get(key) ?? 0);
      if (counts.toSorted((a, b) => a - b)[Math.floor(n / 2)] !== 0) report.row(`  ${key}`, counts, { unit });
    }
    report.row('  events of the operator', events, { unit, bar: { stat: 'most', is: '<=', limit: 4 } });
    report.row(
      '  API server’s processor time, with all else that it did',
      seen.map(({ apiServer }) => apiServer),
    );
    if (!seen.some(({ operator }) => Number.isNaN(operator)))
      report.row(
        '  operator’s processor time',
        seen.map(({ operator }) => operator),
      );
  }
}

/** From its create until its pod is gone. */
async function runOne(world: World, startPolicy: 'Automatic' | 'Manual'): Promise<string> {
  const { procedures, procedureEvents, podEvents } = world;
  const name = `writes-${randomBytes(3).toString('hex')}`;
  const seen = (what: string, is: (procedure: Procedure) => boolean) =>
    procedureEvents.first(`${name} ${what}`, ({ object }) => object.metadata.name === name && is(object));
  await procedures.create({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name },
    spec: { script: { inline: 'def main():\n    print("done")\n' }, startPolicy },
  } as unknown as Procedure);
  if (startPolicy === 'Manual') {
    await seen('ready', ({ status }) => status.state === 'READY');
    await procedures.mergePatch(name, { spec: { start: {} } });
  }
  const { item } = await seen('finished', ({ status }) => status.phase === 'Finished');
  if (item.object.status.state !== 'COMPLETE')
    throw new Error(`${name} ended as ${item.object.status.state ?? ''}: ${item.object.status.message ?? ''}`);
  await podEvents.first(
    `the pod of ${name} gone`,
    ({ type, object }) => type === 'DELETED' && object.metadata.name.startsWith(name),
  );
  return name;
}

async function eventsOf({ kube, stack }: World, name: string): Promise<number> {
  interface Event {
    readonly reportingController?: string;
    readonly regarding?: { readonly name?: string };
  }
  const path = `/apis/events.k8s.io/v1/namespaces/${stack.namespace}/events`;
  const { items } = await kube.request<{ items: Event[] }>('GET', path);
  return items.filter(
    ({ reportingController, regarding }) =>
      reportingController === 'oet.skao.int/operator' && regarding?.name?.startsWith(name) === true,
  ).length;
}
