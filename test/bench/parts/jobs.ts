/** Procedures side by side with the cluster's own Job controller: the same image and statement, as many at once. */
import { randomBytes } from 'node:crypto';
import { API_VERSION, KIND } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import { Reflector, isNotFound, resource, type KubeObject, type ResourceType } from '../../../kube/index.ts';
import { barePod } from '../bare-pod.ts';
import { wall } from '../clock.ts';
import { between, costs, type Costs } from '../costs.ts';
import { summarise } from '../stats.ts';
import { Timeline } from '../timeline.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';

const AT_ONCE = 60;
const WITHIN_MS = 300_000;

interface Job extends KubeObject {
  spec: object;
  status?: { conditions?: { type: string; status: string }[] };
}
const JOBS: ResourceType<Job> = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job' };

export const jobs: ClusterPart = {
  name: 'jobs',
  what: `${AT_ONCE} procedures and ${AT_ONCE} Jobs of batch/v1, in turn (a real node)`,
  runOn: run,
};

async function run(world: World, { report, n = 3 }: Order): Promise<void> {
  if (world.embedded) {
    report.note('skipped: the embedded cluster has no Jobs');
    return;
  }
  const ours: Round[] = [];
  const theirs: Round[] = [];
  for (let i = 0; i < n; i++) {
    // Who comes second finds a warmer node: each does so as often as the other.
    const rounds = [
      async () => theirs.push(await measured(world, () => runJobs(world))),
      async () => ours.push(await measured(world, () => runProcedures(world))),
    ];
    for (const round of i % 2 === 0 ? rounds : rounds.toReversed()) await round();
  }
  const unit = 'runs/min';
  const rates = (rounds: readonly Round[]): number[] => rounds.map(({ rate }) => rate);
  report.row(`${AT_ONCE} procedures, created → all COMPLETE in the resource`, rates(ours), { unit });
  report.row(`${AT_ONCE} Jobs, created → all Complete`, rates(theirs), { unit, floor: true });
  report.row(
    'created → half of the procedures COMPLETE',
    ours.map(({ median }) => median),
  );
  report.row(
    'created → half of the Jobs Complete',
    theirs.map(({ median }) => median),
    { floor: true },
  );
  const ratios = ours.map(({ rate }, i) => rate / (theirs[i]?.rate ?? NaN));
  report.ratio('procedures to Jobs, median of the pairs', summarise(ratios).median, { is: '>=', limit: 1 });
  for (const [what, rounds, floor] of [
    ['procedure', ours, false],
    ['Job', theirs, true],
  ] as const) {
    const perRun = (of: (costs: Costs) => number): number[] => rounds.map(({ cost }) => of(cost) / AT_ONCE);
    report.row(
      `API server’s processor time per ${what}`,
      perRun(({ apiServer }) => apiServer),
      { floor },
    );
    report.row(
      `writes per ${what}, by everybody`,
      perRun(({ writes }) => sum(writes.values())),
      { floor, unit: 'writes' },
    );
  }
  const operator = ours.map(({ cost }) => cost.operator / AT_ONCE);
  if (!operator.some(Number.isNaN)) report.row('operator’s processor time per procedure', operator);
}

interface Round {
  /** Per minute. */
  readonly rate: number;
  /** ms from the first create until half of them are complete. */
  readonly median: number;
  readonly cost: Costs;
}

async function measured(world: World, round: () => Promise<number[]>): Promise<Round> {
  const before = await costs(world);
  const lasted = await round();
  return {
    rate: (AT_ONCE / Math.max(...lasted)) * 60_000,
    median: summarise(lasted).median,
    cost: between(before, await costs(world)),
  };
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((all, value) => all + value, 0);
}

/** ms until each was seen to be over. */
async function runProcedures({ procedures, procedureEvents, podEvents, pods }: World): Promise<number[]> {
  const prefix = `proc-${randomBytes(3).toString('hex')}`;
  const began = wall();
  const names = Array.from({ length: AT_ONCE }, (_, i) => `${prefix}-${i}`);
  await Promise.all(
    names.map((name) =>
      procedures.create({
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name },
        spec: { script: { inline: 'def main():\n    print("done")\n' }, startPolicy: 'Automatic' },
      } as unknown as Procedure),
    ),
  );
  const ends = await Promise.all(
    names.map((name) =>
      procedureEvents.first(
        `${name} finished`,
        ({ object }) => object.metadata.name === name && object.status.phase === 'Finished',
        WITHIN_MS,
      ),
    ),
  );
  for (const { item } of ends)
    if (item.object.status.state !== 'COMPLETE')
      throw new Error(
        `${item.object.metadata.name} ended as ${item.object.status.state ?? ''}: ${item.object.status.message ?? ''}`,
      );
  await noPods(pods);
  procedureEvents.clear();
  podEvents.clear();
  return ends.map(({ at }) => at - began);
}

async function runJobs({ kube, stack, podEvents, pods }: World): Promise<number[]> {
  const { namespace } = stack;
  const resources = resource(kube, JOBS, namespace);
  const events = new Timeline<Job>();
  const ending = new AbortController();
  const watch = new Reflector({ kube, type: JOBS, namespace, onChange: ({ object }) => events.push(object) });
  const watching = watch.run(ending.signal);
  await watch.synced;
  const prefix = `job-${randomBytes(3).toString('hex')}`;
  const names = Array.from({ length: AT_ONCE }, (_, i) => `${prefix}-${i}`);
  const { spec } = barePod('', 'print("done")');
  const began = wall();
  await Promise.all(
    names.map((name) =>
      resources.create({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: { backoffLimit: 0, template: { spec } },
      }),
    ),
  );
  const ends = await Promise.all(
    names.map((name) =>
      events.first(`${name} complete`, (job) => job.metadata.name === name && is(job, 'Complete'), WITHIN_MS),
    ),
  );
  ending.abort();
  await watching;
  for (const { metadata } of (await resources.list()).items)
    await resources.delete(metadata.name, { propagationPolicy: 'Background' }).catch(unlessGone);
  await noPods(pods);
  podEvents.clear();
  return ends.map(({ at }) => at - began);
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

function is(job: Job, condition: string): boolean {
  return job.status?.conditions?.some(({ type, status }) => type === condition && status === 'True') ?? false;
}

/** Until the node has taken away the pods of the round before: they are load. */
async function noPods(pods: World['pods']): Promise<void> {
  for (const end = wall() + WITHIN_MS; wall() < end;) {
    if ((await pods.list()).items.every(({ metadata }) => !/^(proc|job)-/.test(metadata.name))) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('pods of the last round are still there');
}
