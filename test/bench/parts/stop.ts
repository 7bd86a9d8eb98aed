/** stop → the exception in the script, and → the terminal state; asked for over REST and by the resource, in turn. */
import { randomPause, setClock, wall } from '../clock.ts';
import { forwardFloor } from '../forward.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';
import { prepared } from './prepared.ts';

const WARM_UP = 4;

/** What it prints at its end is the time at which the exception was there. */
export const STOPPABLE = `
import os, time
def main():
    os.write(1, b"up\\n")
    try:
        while True:
            time.sleep(60)
    finally:
        os.write(1, b"at %d\\n" % time.time_ns())
`;

export const stop: ClusterPart = {
  name: 'stop',
  what: 'PUT state STOPPED, and spec.stop → exception in the script → terminal state',
  runOn: run,
};

interface Ways {
  readonly raised: number[];
  readonly line: number[];
  readonly stopped: number[];
  readonly finished: number[];
}

async function run(world: World, { report, n = 40 }: Order): Promise<void> {
  const { client, procedures, procedureEvents } = world;
  const ways: Record<'rest' | 'resource', Ways> = {
    rest: { raised: [], line: [], stopped: [], finished: [] },
    resource: { raised: [], line: [], stopped: [], finished: [] },
  };
  const answered: number[] = [];
  let count = 0;
  for await (const id of prepared(world, STOPPABLE, n + WARM_UP)) {
    const output = await client.follow(id);
    await client.start(id);
    await output.has('up\n');
    const { json } = await client.send('GET', `/procedures/${id}`);
    const name = String(json['name']);
    await randomPause();
    setClock();
    const way = count % 2 === 0 ? 'rest' : 'resource';
    let sent = wall();
    if (way === 'rest') {
      const answer = await client.stop(id);
      sent = answer.sent;
      if (count >= WARM_UP) answered.push(answer.answered - sent);
    } else await procedures.mergePatch(name, { spec: { stop: {} } });
    const line = await output.has('at ');
    const stopped = await client.state(id, 'STOPPED');
    const finished = await procedureEvents.first(
      `status of ${name} finished`,
      ({ object }) => object.metadata.name === name && object.status.phase === 'Finished',
    );
    output.close();
    const raised = Number(/at (\d+)/.exec(output.text())?.[1]) / 1e6;
    if (count++ < WARM_UP) continue;
    ways[way].raised.push(raised - sent);
    ways[way].line.push(line - sent);
    ways[way].stopped.push(stopped - sent);
    ways[way].finished.push(finished.at - sent);
  }
  procedureEvents.clear();
  for (const [way, title] of [
    ['rest', 'PUT'],
    ['resource', 'spec.stop'],
  ] as const) {
    const { raised, line, stopped, finished } = ways[way];
    report.row(`${title} → exception in the script`, raised, { bar: { stat: 'p95', is: '<=', limit: 50 } });
    report.row(`${title} → the line it then prints, at the client`, line);
    report.row(`${title} → STOPPED on the event stream`, stopped, { bar: { stat: 'most', is: '<=', limit: 12_000 } });
    report.row(`${title} → status of the resource is final`, finished);
  }
  report.row('PUT → answered', answered);
  await forwardFloor(world, report, n);
}
