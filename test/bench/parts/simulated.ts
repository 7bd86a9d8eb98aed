/** Runs per minute of the operator by itself: real API server, real store, simulated pods. */
import { API_VERSION, KIND } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import { isNotFound, PODS, PROCEDURES, Reflector, resource } from '../../../kube/index.ts';
import { until } from '../../e2e/harness/until.ts';
import { wall } from '../clock.ts';
import { total } from '../metrics.ts';
import { HERE } from '../simulated/node.ts';
import { openSimulated, type SimulatedWorld } from '../simulated/world.ts';
import type { LocalPart, Order } from './part.ts';

const RUNS = 1_000;
const AT_ONCE = 50;
const LIMIT = 1_000;

export const simulated: LocalPart = {
  name: 'simulated',
  long: true,
  what: `${RUNS} procedures created at once on simulated pods: runs per minute of the operator and its API server`,
  run,
};

async function run({ report, n = 3 }: Order): Promise<void> {
  const script = { initMs: 5, runMs: 50, cleanupMs: 10, lines: 3, version: 2 };
  const world = await openSimulated({ script, embedded: false });
  try {
    report.note(world.cluster);
    await world.operator.start();
    await round(world, 'warm', 20);
    const rounds: Round[] = [];
    for (let i = 0; i < n; i++) rounds.push(await round(world, `round-${i}`, RUNS));
    const of = (key: keyof Round): number[] => rounds.map((one) => one[key]);
    const bar = { stat: 'median', is: '>=', limit: LIMIT } as const;
    report.row(`${RUNS} created → all COMPLETE in the resource`, of('rate'), { unit: 'runs/min', bar });
    report.row('operator’s processor time per run', of('operatorMs'));
    if (!of('serverMs').includes(NaN)) report.row('API server’s, all else that it did included', of('serverMs'));
  } finally {
    await world.close();
  }
}

interface Round {
  /** Per minute. */
  readonly rate: number;
  /** Processor time per run, ms; NaN where nobody counts it. */
  readonly operatorMs: number;
  readonly serverMs: number;
}

/** What has been used so far, s. */
async function processors({ kube, operator }: SimulatedWorld): Promise<{ operator: number; server: number }> {
  const text = await kube.request<string>('GET', '/metrics', { timeoutMs: 60_000 }).catch(unlessMissing);
  return { operator: (await operator.vitals()).cpu, server: total(text, 'process_cpu_seconds_total') || NaN };
}

/** The embedded API server has no metrics. */
function unlessMissing(error: unknown): string {
  if (!isNotFound(error)) throw error;
  return '';
}

async function round(world: SimulatedWorld, prefix: string, runs: number): Promise<Round> {
  const { kube, namespace, procedures, node } = world;
  const states = new Map<string, string>();
  const ending = new AbortController();
  const watch = new Reflector({
    kube,
    type: PROCEDURES,
    namespace,
    onChange: ({ object: { metadata, status } }) => {
      if (metadata.name.startsWith(prefix) && status.phase === 'Finished')
        states.set(metadata.name, `${status.state ?? ''} ${status.message ?? ''}`);
    },
  });
  const watching = watch.run(ending.signal);
  await watch.synced;
  const before = await processors(world);
  const ran = node.mains;
  const began = wall();
  const names = Array.from({ length: runs }, (_, i) => `${prefix}-${i}`);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let i = lane; i < names.length; i += AT_ONCE)
        await procedures.create({
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name: names[i] },
          spec: {
            script: { inline: 'def main():\n    print("done")\n' },
            startPolicy: 'Automatic',
            podTemplate: HERE,
          },
        } as unknown as Procedure);
    }),
  );
  await until(`${runs} ends`, () => states.size === runs, { everyMs: 5 });
  const lasted = wall() - began;
  const wrong = [...states].find(([, told]) => !told.startsWith('COMPLETE'));
  if (wrong) throw new Error(`${wrong[0]} ended as ${wrong[1]}`);
  const pods = resource(kube, PODS, namespace);
  await until('the pods to go', async () => (await pods.list()).items.length === 0, { everyMs: 200 });
  if (node.mains - ran !== runs) throw new Error(`main ran ${node.mains - ran} times in ${runs} runs`);
  const after = await processors(world);
  ending.abort();
  await watching;
  return {
    rate: (runs / lasted) * 60_000,
    operatorMs: ((after.operator - before.operator) / runs) * 1000,
    serverMs: ((after.server - before.server) / runs) * 1000,
  };
}
