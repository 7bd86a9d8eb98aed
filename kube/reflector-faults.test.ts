import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CONFIG_MAPS } from './kinds.ts';
import type { ConfigMap } from './kinds.ts';
import { Reflector } from './reflector.ts';
import type { Change } from './reflector.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { settle } from './testing/poll.ts';
import { World } from './testing/world.ts';

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('toggle' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      remove: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('break' as const), how: fc.constantFrom('end', 'reset', 'cut', 'expire') }),
  fc.record({ do: fc.constant('faults' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constantFrom('compact' as const, 'bookmark' as const, 'pause' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 1_000, 10_000, 100_000) }),
);

/** What the changes alone make of an empty world: they must tell the whole story. */
function replay(changes: Change<ConfigMap>[]): Map<string, string> {
  const uids = new Map<string, string>();
  for (const { type, object } of changes) {
    const { name, uid } = object.metadata;
    if (type === 'ADDED') expect(uids.has(name)).toBe(false);
    else expect(uids.get(name)).toBe(uid);
    if (type === 'DELETED') uids.delete(name);
    else uids.set(name, uid);
  }
  return uids;
}

test('over any history of changes and faults the store ends as the server is, and the changes tell how', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const world = await new World().start();
      const clock = new FakeClock();
      const changes: Change<ConfigMap>[] = [];
      const stop = new AbortController();
      const reflector = new Reflector({
        kube: world.server.kube,
        type: CONFIG_MAPS,
        namespace: 'ns',
        clock,
        onChange: (change) => changes.push(change),
      });
      const running = reflector.run(stop.signal);
      await reflector.synced;
      for (const now of steps) {
        await settle(8);
        if (now.do === 'toggle') world.toggle(now.name, now.remove);
        else if (now.do === 'break') world.breakWatches(now.how);
        else if (now.do === 'faults') world.faults += now.count;
        else if (now.do === 'compact') world.compact();
        else if (now.do === 'bookmark') world.bookmark();
        else if (now.do === 'wait') await clock.advance(now.ms);
        else await settle(30);
      }

      world.faults = 0;
      world.toggle('last', false);
      const deadline = performance.now() + 60_000;
      while (!reflector.store.get('last') && performance.now() < deadline) await clock.advance(1_000);
      stop.abort();
      await running;
      await world.server.close();

      const sorted = (objects: Iterable<ConfigMap>): unknown[] =>
        [...objects].map(({ metadata, data }) => [metadata.name, metadata.uid, data]).sort();
      expect(sorted(reflector.store.list())).toEqual(sorted(world.objects.values()));
      expect([...replay(changes)].sort()).toEqual(
        [...world.objects.values()].map(({ metadata }) => [metadata.name, metadata.uid]).sort(),
      );
    }),
    { numRuns: 100 },
  );
}, 600_000);
