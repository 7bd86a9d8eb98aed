/** Procedures that wait in READY, made some at a time: what is measured then is one of them, not the crowd's preparation. */
import type { World } from '../world.ts';

/** So many stay prepared at a time: few enough not to disturb each other. */
const AT_ONCE = 8;

/** Gives `count` ids of procedures of this source, each READY; stops those of a batch that are left when the next one is made. */
export async function* prepared({ client }: World, source: string, count: number): AsyncGenerator<number> {
  for (let left = count; left > 0; left -= AT_ONCE) {
    const made = await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => client.create(source)));
    const ids = made.map(({ id }) => id);
    await Promise.all(ids.map((id) => client.state(id, 'READY')));
    yield* ids;
    for (const id of ids) await client.stop(id).catch(() => undefined); // it has ended by itself, or was stopped
    await Promise.all(ids.map((id) => client.state(id, 'STOPPED')));
    client.events.clear();
  }
}
