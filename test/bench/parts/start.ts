/** start → first line of main at a client that follows the output. */
import { randomPause, setClock } from '../clock.ts';
import { openEcho } from '../echo.ts';
import { forwardFloor } from '../forward.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';
import { prepared } from './prepared.ts';

const WARM_UP = 5;

/** The first line carries the time at which the script wrote it. */
const SOURCE = `
import os, time
def main():
    os.write(1, b"at %d\\n" % time.time_ns())
    while True:
        time.sleep(60)
`;

export const start: ClusterPart = {
  name: 'start',
  what: 'PUT state RUNNING → first line of main at a client of /output?follow=true',
  runOn: run,
};

async function run(world: World, { report, n = 40 }: Order): Promise<void> {
  const { client } = world;
  const [first, inMain, onWay, answered, echoes]: number[][] = [[], [], [], [], []] as number[][];
  const echo = await openEcho(world);
  let count = 0;
  for await (const id of prepared(world, SOURCE, n + WARM_UP)) {
    const output = await client.follow(id);
    await randomPause();
    setClock();
    const put = client.start(id);
    const { sent, answered: done } = await put;
    const came = await output.has('\n');
    output.close();
    const wrote = Number(output.text().slice(3)) / 1e6;
    const echoed = await echo.roundTrip();
    if (count++ < WARM_UP) continue;
    first!.push(came - sent);
    inMain!.push(wrote - sent);
    onWay!.push(came - wrote);
    answered!.push(done - sent);
    echoes!.push(echoed);
  }
  await echo.close();
  report.row('start → first line at the client', first!, { bar: { stat: 'p95', is: '<=', limit: 50 } });
  report.row('  of it: start → main runs', inMain!);
  report.row('  of it: main wrote → at the client', onWay!);
  report.row('start → the PUT is answered', answered!);
  report.row('a bare pod: a line over an open attach → its echo', echoes!, { floor: true });
  await forwardFloor(world, report, n);
}
