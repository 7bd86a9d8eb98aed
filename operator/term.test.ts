/** Whole runs of the operator's real code in a simulated cluster: the states, the writes, and main at most once under faults. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { SOURCE } from './testing/fake-pod.ts';
import { World } from './testing/world.ts';

async function until(world: World, what: string, holds: () => boolean, limitMs = 120_000, stepMs = 10): Promise<void> {
  for (let spent = 0; spent <= limitMs; spent += stepMs) {
    if (holds()) return;
    await world.clock.advance(stepMs);
  }
  throw new Error(`not within ${limitMs} ms: ${what}: ${JSON.stringify(world.procedure('p')?.status)}`);
}

const stateOf = (world: World, name = 'p') => world.procedure(name)?.status.state;
const finished = (world: World, name = 'p') => world.procedure(name)?.status.phase === 'Finished';
const podGone = (world: World) => world.pods.objects.size === 0;

describe('one run without faults', () => {
  it('goes through OET’s states, with six writes when it starts by itself', async () => {
    const world = new World();
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(world.procedure('p')?.status.history?.map(({ state }) => state)).toEqual(
      'CREATING IDLE LOADING IDLE INITIALISING READY RUNNING READY COMPLETE'.split(' '),
    );
    expect(world.mains).toBe(1);
    expect(world.writes).toEqual([
      'procedures status', // claim, with the id
      'pods create',
      'procedures status', // the nonce's permit
      'procedures status', // READY with the permit for main
      'procedures status', // the end
      'pods delete',
    ]);
    await world.stop();
  });

  it.each([
    [2, SOURCE],
    [1, {}],
  ])('records what was loaded as far as a runner of version %i tells', async (version, told) => {
    const world = new World({ script: { version } });
    world.startOperator();
    world.create('p');
    await until(world, 'READY', () => stateOf(world) === 'READY');
    // Of inline scripts the operator knows the digest itself, before the load.
    const own = { uri: 'inline://p', sha256: createHash('sha256').update('def main(): pass').digest('hex') };
    expect(world.procedure('p')?.status.source).toEqual({ ...own, ...told });
    world.patchSpec('p', { start: {} });
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(world.procedure('p')?.status.source).toEqual({ ...own, ...told });
    expect(stateOf(world)).toBe('COMPLETE');
    expect(world.writes).toHaveLength(7);
    await world.stop();
  });

  it.each([0, 3])('does not load a script in a pod of version %i', async (version) => {
    const world = new World({ script: { version } });
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'the end', () => finished(world) && podGone(world), 10_000);
    expect(world.procedure('p')?.status).toMatchObject({
      state: 'FAILED',
      reason: 'ProtocolVersion',
      message: `the pod speaks protocol version ${version}, this operator 1 to 2`,
    });
    expect(world.loads).toBe(0);
    const writes = world.writes.length;
    await world.clock.advance(60_000);
    expect(world.writes).toHaveLength(writes);
    await world.stop();
  });

  it('waits in READY for its start, with one write more', async () => {
    const world = new World();
    world.startOperator();
    world.create('p');
    await until(world, 'READY', () => stateOf(world) === 'READY');
    await world.clock.advance(5_000);
    expect(world.mains).toBe(0);
    world.patchSpec('p', { start: {} });
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(stateOf(world)).toBe('COMPLETE');
    expect(world.writes).toHaveLength(7);
    await world.stop();
  });

  it.each([
    ['before its pod is there', 0, 'STOPPED', 0],
    ['in READY', 2_000, 'STOPPED', 0],
  ])('is stopped %s', async (_, after, state, mains) => {
    const world = new World();
    world.startOperator();
    world.create('p');
    await world.clock.advance(after);
    world.patchSpec('p', { stop: { mode: 'Graceful', gracePeriodSeconds: 10 } });
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(stateOf(world)).toBe(state);
    expect(world.mains).toBe(mains);
    await world.stop();
  });

  it.each([
    ['cleans up', 10],
    ['ignores it', Infinity],
  ])('stops an endless script that %s', async (_, cleanupMs) => {
    const world = new World({ script: { runMs: Infinity, cleanupMs } });
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'RUNNING', () => stateOf(world) === 'RUNNING');
    const asked = world.clock.now();
    world.patchSpec('p', { stop: { mode: 'Graceful', gracePeriodSeconds: 3 } });
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(stateOf(world)).toBe('STOPPED');
    expect(world.clock.now() - asked).toBeLessThan(5_000);
    await world.stop();
  });

  it('lets one of each exclusivity key run, in the order of their starts', async () => {
    const world = new World({ script: { runMs: 2_000 } });
    world.startOperator();
    for (const name of ['a', 'b', 'c']) world.create(name, { exclusive: 'subarray-1' });
    await until(world, 'READY', () => ['a', 'b', 'c'].every((name) => stateOf(world, name) === 'READY'));
    for (const name of ['b', 'a', 'c']) {
      world.patchSpec(name, { start: {} });
      await world.clock.advance(50);
    }
    expect(world.mains).toBe(1);
    expect(world.procedure('a')?.status.reason).toBe('WaitingForExclusive');
    await until(world, 'the ends', () => ['a', 'b', 'c'].every((name) => finished(world, name)));
    const started = (name: string) => Date.parse(world.procedure(name)?.status.times?.started ?? '');
    expect(started('b')).toBeLessThan(started('a'));
    expect(started('a')).toBeLessThan(started('c'));
    await world.stop();
  });

  it('runs once per execution key, however often the manifest is deleted and applied again', async () => {
    const world = new World();
    world.startOperator();
    for (let round = 0; round < 3; round++) {
      world.create('p', { startPolicy: 'Automatic', executionKey: 'observation-1' });
      await until(world, 'the end', () => finished(world) && podGone(world));
      expect(world.procedure('p')?.status).toMatchObject(
        round === 0 ? { state: 'COMPLETE' } : { state: 'STOPPED', reason: 'AlreadyExecuted' },
      );
      world.deleteProcedure('p');
      await world.clock.advance(1_000);
    }
    expect(world.mains).toBe(1);
    expect(world.fakes.size).toBe(1);
    await world.stop();
  });

  it('finishes the record of a procedure that is deleted while it runs', async () => {
    const world = new World({ script: { runMs: Infinity } });
    world.startOperator();
    const { uid } = world.create('p', { startPolicy: 'Automatic' }).metadata;
    await until(world, 'RUNNING', () => world.mains === 1);
    world.deleteProcedure('p');
    await until(world, 'the record', () => world.store.all.get(uid)?.finished != null && podGone(world));
    expect(world.store.all.get(uid)).toMatchObject({
      state: 'STOPPED',
      deleted: true,
      verdict: { reason: 'ProcedureDeleted' },
    });
    await world.stop();
  });

  it('says UNKNOWN of a script whose pod vanished without a word', async () => {
    const world = new World({ script: { runMs: Infinity } });
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'RUNNING', () => stateOf(world) === 'RUNNING');
    world.forceDeletePod([...world.pods.objects.keys()][0] ?? '');
    await until(world, 'the end', () => finished(world));
    expect(world.procedure('p')?.status).toMatchObject({ state: 'UNKNOWN', reason: 'PodLost' });
    await world.stop();
  });
});

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

const RUNS = Number(process.env.OET_FAULT_SCHEDULES ?? 200);

describe('under faults', () => {
  const faults = fc.record({
    before: fc.constantFrom(0, 0.1, 0.3),
    after: fc.constantFrom(0, 0.1, 0.3),
    lagMs: fc.constantFrom(0, 50, 2_000),
    lossy: fc.constantFrom(0, 0.3),
    damaged: fc.constantFrom(0, 0.3),
  });
  const event = fc.oneof(
    {
      arbitrary: fc.record({ do: fc.constant('kill' as const), downMs: fc.integer({ min: 0, max: 3_000 }) }),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        do: fc.constantFrom('stop' as const, 'deletePod' as const, 'forceDeletePod' as const, 'delete' as const),
      }),
      weight: 1,
    },
  );
  const schedule = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), event }), { maxLength: 6 });

  it(`runs main at most once, and every run ends (${RUNS} schedules)`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        faults,
        schedule,
        fc.constantFrom(20, 300),
        fc.constantFrom(1, 2),
        async (seed, chosen, events, runMs, version) => {
          const world = new World({ random: chance(seed), script: { runMs, version } });
          world.faults = chosen;
          world.startOperator();
          const { uid } = world.create('p', { startPolicy: 'Automatic' }).metadata;
          for (const { afterMs, event: what } of events) {
            await world.clock.advance(afterMs);
            const pod = [...world.pods.objects.keys()][0] ?? '';
            if (what.do === 'kill') {
              world.killOperator();
              await world.clock.advance(what.downMs);
              world.startOperator();
            } else if (what.do === 'stop') world.patchSpec('p', { stop: { mode: 'Graceful', gracePeriodSeconds: 1 } });
            else if (what.do === 'deletePod') world.deletePod(pod, 5);
            else if (what.do === 'forceDeletePod') world.forceDeletePod(pod);
            else world.deleteProcedure('p');
          }
          // Faults go on for a while after the last event: before the first one, too, where there is none.
          await world.clock.advance(1_000);
          world.faults = { before: 0, after: 0, lagMs: 0, lossy: 0, damaged: 0 };
          // A deleted procedure that was never taken up has no record.
          const recorded = () => world.store.all.get(uid)?.finished !== null;
          const over = () => podGone(world) && (world.procedure('p') ? finished(world) : recorded());
          await until(world, 'the end', over, 300_000, 250);
          // One nonce, one load, one main; what was recorded is what the witness saw.
          expect(world.mains).toBeLessThanOrEqual(1);
          expect(world.loads).toBeLessThanOrEqual(1);
          if (stateOf(world) === 'COMPLETE') expect(world.mains).toBe(1);
          // Quiet once it is over: nothing is written any more.
          await world.clock.advance(2_000);
          const writes = world.writes.length;
          await world.clock.advance(60_000);
          expect(world.writes.length).toBe(writes);
          await world.stop();
        },
      ),
      { numRuns: RUNS },
    );
  }, 600_000);
});
