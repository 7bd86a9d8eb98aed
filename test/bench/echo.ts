/** A bare pod that repeats what it reads, over one open attach: what the cluster alone takes for a command and its answer. */
import { randomBytes } from 'node:crypto';
import { attach } from '../../kube/index.ts';
import { barePod } from './bare-pod.ts';
import { wall } from './clock.ts';
import type { World } from './world.ts';

const SOURCE = 'import os\nwhile True:\n    os.write(1, os.read(0, 65536))';

export interface Echo {
  /** ms from a line's write to its return. */
  readonly roundTrip: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export async function openEcho({ kube, pods, podEvents, stack }: World): Promise<Echo> {
  const name = `echo-${randomBytes(4).toString('hex')}`;
  await pods.create(barePod(name, SOURCE));
  await podEvents.first(
    `${name} running`,
    ({ object }) => object.metadata.name === name && object.status?.phase === 'Running',
  );
  const link = await attach(kube, {
    namespace: stack.namespace,
    pod: name,
    container: 'main',
    stdin: true,
    stdout: true,
  });
  let came: (() => void) | undefined;
  link.onStdout(() => came?.());
  return {
    async roundTrip() {
      const back = new Promise<void>((resolve) => (came = resolve));
      const sent = wall();
      await link.write(Buffer.from('ping\n'));
      await back;
      return wall() - sent;
    },
    async close() {
      link.close();
      await pods.delete(name, { gracePeriodSeconds: 0 });
    },
  };
}
