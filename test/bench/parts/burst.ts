/** Many at once: two hundred that complete, each with its own output, and fifty endless ones stopped at once. */
import { randomBytes } from 'node:crypto';
import { API_VERSION, KIND } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import type { Change } from '../../../kube/index.ts';
import { wall } from '../clock.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';

const MANY = 200;
const ENDLESS = 50;
const WITHIN_MS = 300_000;

export const burst: ClusterPart = {
  name: 'burst',
  what: `${MANY} created at once all complete; ${ENDLESS} endless ones stopped at once all stop (embedded)`,
  runOn: run,
};

async function run(world: World, { report }: Order): Promise<void> {
  if (!world.embedded) {
    report.note('skipped: a node takes 110 pods; the part is for the embedded cluster');
    return;
  }
  await complete(world, report);
  await stopAll(world, report);
}

async function complete({ procedures, procedureEvents, client }: World, report: Order['report']): Promise<void> {
  const run = randomBytes(3).toString('hex');
  const texts = Array.from({ length: MANY }, (_, i) => `${run} ${i} ${randomBytes(24).toString('hex')}\n`);
  const names = texts.map((_, i) => `burst-${run}-${i}`);
  const began = wall();
  const made = await Promise.all(
    texts.map((text, i) =>
      procedures.create({
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name: names[i] },
        spec: {
          script: { inline: `def main(text):\n    print(text, end="")\n` },
          main: { kwargs: { text } },
          startPolicy: 'Automatic',
        },
      } as unknown as Procedure),
    ),
  );
  const created = wall();
  const ends = await Promise.all(
    made.map(({ metadata: { name } }) => procedureEvents.first(`${name} finished`, finished(name), WITHIN_MS)),
  );
  for (const [i, { item }] of ends.entries()) {
    const { state, id } = item.object.status;
    if (state !== 'COMPLETE')
      throw new Error(`${names[i] ?? ''} ended as ${state ?? ''}: ${item.object.status.message ?? ''}`);
    const output = (await client.output(Number(id))).toString();
    if (output !== texts[i])
      throw new Error(`${names[i] ?? ''} printed ${JSON.stringify(output)}, not ${JSON.stringify(texts[i])}`);
  }
  const lasted = Math.max(...ends.map(({ at }) => at)) - began;
  report.row(`${MANY} created`, [created - began]);
  report.row(
    `${MANY} created → each complete in the resource`,
    ends.map(({ at }) => at - began),
  );
  report.row('runs per minute', [(MANY / lasted) * 60_000], { unit: 'runs/min' });
  report.note(`all ${MANY} are COMPLETE, each with its own exact output`);
  procedureEvents.clear();
}

async function stopAll({ client, procedureEvents, podEvents }: World, report: Order['report']): Promise<void> {
  const source = 'import time\ndef main():\n    while True:\n        time.sleep(60)\n';
  const ids = (await Promise.all(Array.from({ length: ENDLESS }, () => client.create(source)))).map(({ id }) => id);
  await Promise.all(ids.map((id) => client.state(id, 'READY', WITHIN_MS)));
  await Promise.all(ids.map((id) => client.start(id)));
  await Promise.all(ids.map((id) => client.state(id, 'RUNNING', WITHIN_MS)));
  const began = wall();
  await Promise.all(ids.map((id) => client.stop(id)));
  const ends = await Promise.all(ids.map((id) => client.state(id, 'STOPPED', WITHIN_MS)));
  report.row(
    `${ENDLESS} stopped at once → each STOPPED`,
    ends.map((at) => at - began),
    {
      bar: { stat: 'most', is: '<=', limit: 12_000 },
    },
  );
  procedureEvents.clear();
  podEvents.clear();
  client.events.clear();
}

function finished(name: string): (change: Change<Procedure>) => boolean {
  return ({ object }) => object.metadata.name === name && object.status.phase === 'Finished';
}
