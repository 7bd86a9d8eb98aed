/** Random histories of one procedure: faults, kills of the operator, stops and deletions at random times, and what became of it. */
import fc from 'fast-check';
import type { Procedure } from '../../crds/index.ts';
import { World, type Faults } from './world.ts';

type Event =
  | { readonly do: 'kill'; readonly downMs: number }
  | { readonly do: 'stop' | 'deletePod' | 'forceDeletePod' | 'delete' };

export interface Schedule {
  /** Of all chance in it: the same seed, the same history. */
  readonly seed: number;
  readonly faults: Faults;
  readonly events: readonly { readonly afterMs: number; readonly event: Event }[];
  /** How long main takes, ms. */
  readonly runMs: number;
  /** Of the protocol. */
  readonly version: number;
}

/** The next operator is there at once, or after a time in which runners and kubelets have given up waiting for one, ms. */
const downMs = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 3_000 }), weight: 4 },
  { arbitrary: fc.integer({ min: 3_000, max: 90_000 }), weight: 1 },
);

/** All faults that the simulated cluster has, up to six events, both versions of the protocol. */
export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.integer(),
  faults: fc.record({
    before: fc.constantFrom(0, 0.1, 0.3),
    after: fc.constantFrom(0, 0.1, 0.3),
    lagMs: fc.constantFrom(0, 50, 2_000),
    lossy: fc.constantFrom(0, 0.3),
    damaged: fc.constantFrom(0, 0.3),
  }),
  events: fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      event: fc.oneof(
        {
          arbitrary: fc.record({ do: fc.constant('kill' as const), downMs }),
          weight: 4,
        },
        {
          arbitrary: fc.record({
            do: fc.constantFrom('stop' as const, 'deletePod' as const, 'forceDeletePod' as const, 'delete' as const),
          }),
          weight: 1,
        },
      ),
    }),
    { maxLength: 6 },
  ),
  runMs: fc.constantFrom(20, 300),
  version: fc.constantFrom(1, 2),
});

/** What the witness saw: the pods themselves, not what the operator says of them. */
export interface Outcome {
  /** How often main was run, and a script loaded, in all pods together. */
  readonly mains: number;
  readonly loads: number;
  /** The procedure's last state; undefined where it was deleted. */
  readonly state: NonNullable<Procedure['status']['state']> | undefined;
  /** Requests that wrote something in the minute after the end. */
  readonly lateWrites: number;
}

/** Lives through it, until the run is over and its pod gone. Throws where that does not come within five minutes after the last fault. */
export async function live({ seed, faults, events, runMs, version }: Schedule): Promise<Outcome> {
  const world = new World({ random: chance(seed), script: { runMs, version } });
  world.faults = faults;
  world.startOperator();
  const { uid } = world.create('p', { startPolicy: 'Automatic' }).metadata;
  for (const { afterMs, event } of events) {
    await world.clock.advance(afterMs);
    await happen(world, event);
  }
  // Faults go on for a while after the last event: before the first one, too, where there is none.
  await world.clock.advance(1_000);
  world.faults = { before: 0, after: 0, lagMs: 0, lossy: 0, damaged: 0 };
  // A deleted procedure that was never taken up has no record.
  const recorded = (): boolean => world.store.all.get(uid)?.finished !== null;
  const finished = (): boolean => world.procedure('p')?.status.phase === 'Finished';
  const over = (): boolean => world.pods.objects.size === 0 && (world.procedure('p') ? finished() : recorded());
  await until(world, 'the end', over, 300_000, 250);
  await world.clock.advance(2_000);
  const writes = world.writes.length;
  await world.clock.advance(60_000);
  await world.stop();
  const { mains, loads } = world;
  return { mains, loads, state: world.procedure('p')?.status.state, lateWrites: world.writes.length - writes };
}

async function happen(world: World, event: Event): Promise<void> {
  const pod = [...world.pods.objects.keys()][0] ?? '';
  switch (event.do) {
    case 'kill':
      world.killOperator();
      await world.clock.advance(event.downMs);
      world.startOperator();
      return;
    case 'stop':
      world.patchSpec('p', { stop: { mode: 'Graceful', gracePeriodSeconds: 1 } });
      return;
    case 'deletePod':
      world.deletePod(pod, 5);
      return;
    case 'forceDeletePod':
      world.forceDeletePod(pod);
      return;
    case 'delete':
      world.deleteProcedure('p');
  }
}

/** Moves the world's clock on until it holds; throws with the procedure's status if it does not within `limitMs` of that clock. */
export async function until(
  world: World,
  what: string,
  holds: () => boolean,
  limitMs = 120_000,
  stepMs = 10,
): Promise<void> {
  for (let spent = 0; spent <= limitMs; spent += stepMs) {
    if (holds()) return;
    await world.clock.advance(stepMs);
  }
  throw new Error(`not within ${limitMs} ms: ${what}: ${JSON.stringify(world.procedure('p')?.status)}`);
}

/** A small generator of repeatable chance. */
function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
