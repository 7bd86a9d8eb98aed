/** create → READY, beside a bare pod's create → Running and a bare interpreter. */
import { randomBytes } from 'node:crypto';
import { command } from '../../e2e/harness/command.ts';
import { until } from '../../e2e/harness/until.ts';
import { barePod } from '../bare-pod.ts';
import { randomPause, setClock, wall } from '../clock.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';

const WARM_UP = 3;
const SOURCE = 'def main():\n    pass\n';
const BARE = 'import time\nprint(time.time_ns(), flush=True)\ntime.sleep(600)';

export const ready: ClusterPart = {
  name: 'ready',
  what: 'POST → READY on the event stream, in turn with bare pods',
  runOn: run,
};

async function run(world: World, { report, n = 30 }: Order): Promise<void> {
  const [event, status, hello, answered, running, python, spawned]: number[][] = [
    [],
    [],
    [],
    [],
    [],
    [],
    [],
  ] as number[][];
  for (let i = 0; i < n + WARM_UP; i++) {
    await randomPause();
    setClock();
    const subject = await createReady(world);
    await randomPause();
    const bare = await createBare(world);
    const interpreter = await spawnPython();
    if (i < WARM_UP) continue;
    event!.push(subject.event);
    status!.push(subject.status);
    hello!.push(subject.loading);
    answered!.push(subject.answered);
    running!.push(bare.running);
    python!.push(bare.python);
    spawned!.push(interpreter);
  }
  const { embedded } = world;
  const ours = report.row('POST → READY on the event stream', event!, {
    ...(embedded && { bar: { stat: 'p95', is: '<=', limit: 300 } as const }),
  });
  report.row('POST → READY in the status of the resource', status!);
  report.row('  of it: POST → LOADING (hello came, permit written)', hello!);
  report.row('POST → answered', answered!);
  const theirs = report.row('a bare pod: create → Running seen by a watch', running!, { floor: true });
  report.row('a bare pod: create → Python runs', python!, { floor: true });
  report.row('python3 -c on this machine: spawn → Python runs', spawned!, { floor: true });
  const ratio = ours.median / theirs.median;
  report.ratio('READY to the bare pod’s Running, medians', ratio, embedded ? undefined : { is: '<=', limit: 0.75 });
}

async function createReady({ client, procedureEvents, podEvents }: World) {
  const { sent, answered, id, json } = await client.create(SOURCE);
  const name = String(json['name']);
  const event = await client.state(id, 'READY');
  const loading = await client.state(id, 'LOADING');
  const status = await procedureEvents.first(
    `READY in the status of ${name}`,
    ({ object }) => object.metadata.name === name && object.status.state === 'READY',
  );
  await client.stop(id);
  await client.state(id, 'STOPPED');
  // The next sample is to find the node as this one did.
  await podEvents.first(
    `the pod of ${name} gone`,
    ({ type, object }) => type === 'DELETED' && object.metadata.name.startsWith(name),
  );
  client.events.clear();
  procedureEvents.clear();
  podEvents.clear();
  return { event: event - sent, loading: loading - sent, status: status.at - sent, answered: answered - sent };
}

async function createBare({ kube, pods, podEvents, stack }: World) {
  const name = `bare-${randomBytes(4).toString('hex')}`;
  const isIt = ({ object }: { object: { metadata: { name?: string } } }): boolean => object.metadata.name === name;
  const sent = wall();
  await pods.create(barePod(name, BARE));
  const running = await podEvents.first(
    `${name} running`,
    (change) => isIt(change) && change.object.status?.phase === 'Running',
  );
  const path = `/api/v1/namespaces/${stack.namespace}/pods/${name}/log`;
  // A container may be seen running before its Python has printed: there is no text then.
  const log = await until('the line of a bare pod', () => kube.request<string | undefined>('GET', path));
  await pods.delete(name, { gracePeriodSeconds: 0 });
  await podEvents.first(`${name} gone`, (change) => change.type === 'DELETED' && isIt(change));
  podEvents.clear();
  return { running: running.at - sent, python: Number(log.trim()) / 1e6 - sent };
}

/** ms from the spawn to the first statement. */
async function spawnPython(): Promise<number> {
  const began = wall();
  const { stdout } = await command('python3', ['-c', 'import time; print(time.time_ns())']);
  return Number(stdout.trim()) / 1e6 - began;
}
