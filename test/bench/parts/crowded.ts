/** stop while a crowd of procedures is being started: a stop must not wait behind anybody's create. */
import { setClock } from '../clock.ts';
import { samples } from '../metrics.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';
import { STOPPABLE } from './stop.ts';

const RUNNING = 10;
const CROWD = 60;
const WAIT = 'workqueue_queue_duration_seconds';
const SMALL = 'def main():\n    print("done")\n';

export const crowded: ClusterPart = {
  name: 'crowded',
  what: `${RUNNING} scripts stopped one after the other while ${CROWD} procedures are being started`,
  runOn: run,
};

async function run(world: World, { report, n = 20 }: Order): Promise<void> {
  const [raised, asked, answered]: [number[], number[], number[]] = [[], [], []];
  const before = urgent(await world.stack.operator.metrics?.());
  while (raised.length < n) {
    const running = await startAll(world);
    const crowd = Promise.all(Array.from({ length: CROWD }, () => world.client.create(SMALL)));
    await new Promise((resolve) => setTimeout(resolve, 500)); // their pods are being made by now
    for (const { id, output } of running) {
      setClock();
      const { sent, answered: done } = await world.client.stop(id);
      const inResource = await world.procedureEvents.first(
        `the stop of ${id} in its resource`,
        ({ object }) => object.status.id === id && object.spec.stop !== undefined,
      );
      await output.has('at ');
      raised.push(Number(/at (\d+)/.exec(output.text())?.[1]) / 1e6 - sent);
      answered.push(done - sent);
      asked.push(inResource.at - sent);
      output.close();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 500));
    }
    for (const { id } of await crowd) await world.client.stop(id).catch(() => undefined); // one may just have ended
    for (const { id } of [...running, ...(await crowd)]) await world.client.state(id, 'STOPPED', 180_000);
    for (const topic of [world.client.events, world.procedureEvents, world.podEvents]) topic.clear();
  }
  report.row('PUT → exception in the script', raised, { bar: { stat: 'p95', is: '<=', limit: 50 } });
  report.row('  of it: PUT → spec.stop seen by a watch', asked);
  report.row('PUT → answered', answered);
  const waited = urgentWait(await world.stack.operator.metrics?.(), before);
  if (waited !== undefined)
    report.note(
      `of it in the operator's queue, where one worker takes nothing but stops: ${waited.toFixed(2)} ms on average`,
    );
}

/** What stops waited in the operator's queue: sum and count so far. */
function urgent(text: string | undefined): { readonly sum: number; readonly count: number } {
  const of = (metric: string): number =>
    samples(text ?? '', metric).find(({ labels }) => labels['priority'] === 'urgent')?.value ?? 0;
  return { sum: of(`${WAIT}_sum`), count: of(`${WAIT}_count`) };
}

/** Their average since `before`, ms; undefined where nobody counted. */
function urgentWait(text: string | undefined, before: ReturnType<typeof urgent>): number | undefined {
  const { sum, count } = urgent(text);
  return count === before.count ? undefined : ((sum - before.sum) / (count - before.count)) * 1000;
}

async function startAll({ client }: World) {
  const made = await Promise.all(Array.from({ length: RUNNING }, () => client.create(STOPPABLE)));
  return Promise.all(
    made.map(async ({ id }) => {
      await client.state(id, 'READY');
      const output = await client.follow(id);
      await client.start(id);
      await output.has('up\n');
      return { id, output };
    }),
  );
}
