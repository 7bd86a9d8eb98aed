/** Memory of the operator beside many procedures: finished ones, which it is not to know, running ones, and those that wait for a place. */
import { randomUUID } from 'node:crypto';
import { API_VERSION, KIND, UNFINISHED_SELECTOR } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import { openStore } from '../../../journal/index.ts';
import { until } from '../../e2e/harness/until.ts';
import type { Bar } from '../report.ts';
import { HERE } from '../simulated/node.ts';
import type { Vitals } from '../simulated/operator.ts';
import { openSimulated, type SimulatedWorld } from '../simulated/world.ts';
import type { LocalPart, Order } from './part.ts';

const FINISHED = 100_000;
const UNFINISHED = 10_000;
const RUNNING = 500;
const FULL: Bar = { stat: 'most', is: '<=', limit: 256 };
/** Watched for so long at each stage, once nothing new comes. */
const WATCHED_MS = 30_000;
const AT_ONCE = 20;
/** Objects or records that are put in place in one go. */
const CHUNK = 1_000;

export const memory: LocalPart = {
  name: 'memory',
  long: true,
  what: `the operator beside ${FINISHED} finished and ${UNFINISHED} unfinished procedures, ${RUNNING} of which run and print a line a second (embedded API server, simulated pods)`,
  run,
};

/** `n`: the hundredths of those numbers that are there. */
async function run({ report, n = 100 }: Order): Promise<void> {
  const bar = n === 100 ? FULL : undefined; // of a tenth it says nothing
  const share = (all: number): number => Math.round((all * n) / 100);
  const [finished, unfinished, running] = [share(FINISHED), share(UNFINISHED), share(RUNNING)];
  const script = { initMs: 5, runMs: Infinity, cleanupMs: 10, lines: 3, everyMs: 1_000, version: 2 };
  const world = await openSimulated({ script, embedded: true, capacity: running });
  const { operator, node } = world;
  const stage = async (name: string, asked?: Bar): Promise<void> => {
    const seen = await watch(world);
    const of = (key: keyof Vitals): number[] => seen.map((one) => one[key]);
    report.row(`${name}: resident`, of('resident'), { unit: 'MiB', ...(asked && { bar: asked }) });
    report.row(`${name}: heap in use`, of('heap'), { unit: 'MiB' });
    const cpu = of('cpu');
    report.row(`${name}: processor`, [((Math.max(...cpu) - Math.min(...cpu)) * 100_000) / WATCHED_MS], { unit: '%' });
  };
  try {
    await operator.start();
    const example = await finishOne(world);
    await operator.kill('SIGTERM');
    await preload(world, example, finished);
    await operator.start();
    await stage(`${finished} finished`);

    await create(world, 'running', running);
    const run = async (): Promise<boolean> => (await count(world, ({ state }) => state === 'RUNNING')) === running;
    await until('all to run', run, { everyMs: 1_000 });
    await stage(`and ${running} running`);

    await create(world, 'waiting', unfinished - running);
    const wait = async (): Promise<boolean> => {
      await operator.vitals(); // one that lost its lease has ended
      return (await count(world, ({ reason }) => reason === 'Unschedulable')) === unfinished - running;
    };
    // Seldom: each look is a list of ten thousand objects.
    await until('all to be taken up', wait, { withinMs: 1_800_000, everyMs: 15_000 });
    await stage(`and ${unfinished - running} waiting for a place`, bar);

    await operator.kill('SIGKILL');
    await operator.start();
    const takenOver = async (): Promise<boolean> => (await operator.vitals()).captures === running;
    await until('all that run to be taken over', takenOver, { withinMs: 900_000, everyMs: 1_000 });
    await stage('an operator that found all that', bar);
    if (node.running !== running) throw new Error(`${node.running} of ${running} still run`);
  } finally {
    await world.close();
  }
}

/** Once a second. */
async function watch({ operator }: SimulatedWorld): Promise<Vitals[]> {
  const seen: Vitals[] = [];
  for (const end = performance.now() + WATCHED_MS; performance.now() < end;) {
    seen.push(await operator.vitals());
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return seen;
}

async function create({ procedures }: SimulatedWorld, prefix: string, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let i = lane; i < count; i += AT_ONCE) await procedures.create(procedure(`${prefix}-${i}`));
    }),
  );
}

function procedure(name: string): Procedure {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name },
    spec: {
      script: { inline: 'import time\ndef main(scan_ids, target):\n    while True:\n        time.sleep(1)\n' },
      init: { kwargs: { subarray_id: 1 } },
      main: { kwargs: { scan_ids: [1, 2, 3], target: name } },
      deadlines: { prepareSeconds: 86_400 },
      startPolicy: 'Automatic',
      podTemplate: HERE,
    },
  } as unknown as Procedure;
}

async function count({ procedures }: SimulatedWorld, is: (status: Procedure['status']) => boolean): Promise<number> {
  return (await procedures.list({ fieldSelector: UNFINISHED_SELECTOR })).items.filter(({ status }) => is(status))
    .length;
}

/** A procedure as it is when it has run and was stopped. */
async function finishOne({ procedures }: SimulatedWorld): Promise<Procedure> {
  const name = 'finished';
  await procedures.create(procedure(name));
  const becomes = (what: string, is: (status: Procedure['status']) => boolean): Promise<Procedure> =>
    until(`${name} to be ${what}`, async () => {
      const object = await procedures.get(name);
      return is(object.status) && object;
    });
  await becomes('running', ({ state }) => state === 'RUNNING');
  await procedures.mergePatch(name, { spec: { stop: { mode: 'Immediate' } } });
  return becomes('finished', ({ phase }) => phase === 'Finished');
}

/** As many like it: in the API server, and in the operator's store. */
async function preload(world: SimulatedWorld, example: Procedure, count: number): Promise<void> {
  const store = await openStore(world.operator.store);
  try {
    const record = await store.run(example.metadata.uid ?? '');
    if (!record?.verdict) throw new Error('the run that is to be copied has no record');
    const { verdict, created, namespace, info } = record;
    for (let first = 0; first < count; first += CHUNK) {
      const copies = Array.from({ length: Math.min(CHUNK, count - first) }, (_, i) => {
        const id = 1_000_000 + first + i;
        const { resourceVersion: _version, ...metadata } = example.metadata;
        return {
          ...example,
          metadata: { ...metadata, name: `finished-${id}`, uid: randomUUID() },
          status: { ...example.status, id },
        };
      });
      await world.preload({ gvr: 'oet.skao.int/procedures', objects: copies });
      await Promise.all(
        copies.map(async ({ metadata: { uid, name }, status: { id } }) => {
          await store.openRun({ uid, name, id, namespace, created, info });
          await store.finish(uid, verdict);
        }),
      );
    }
  } finally {
    await store.close();
  }
}
