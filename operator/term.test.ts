/** Whole runs of the operator's real code in a simulated cluster: the states, the writes, and main at most once under faults. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { SOURCE } from './testing/fake-pod.ts';
import { anySchedule, live, until } from './testing/schedules.ts';
import { World } from './testing/world.ts';

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

  it('starts two at a time where it may, the rest in their order; who waits can be stopped and deleted', async () => {
    const world = new World({ concurrentStarts: 2 });
    world.startOperator();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) world.create(name, { startPolicy: 'Automatic' });
    await until(world, 'all are claimed', () => names.every((name) => world.procedure(name)?.status.claim));
    expect(world.pods.objects.size).toBe(2);
    expect(names.slice(2).map((name) => world.procedure(name)?.status.reason)).toEqual(
      Array.from({ length: 4 }, () => 'WaitingForTurn'),
    );

    world.patchSpec('c', { stop: { mode: 'Graceful', gracePeriodSeconds: 10 } });
    world.deleteProcedure('d');
    await until(world, 'the ends', () => ['a', 'b', 'c', 'e', 'f'].every((name) => finished(world, name)));
    expect(['a', 'b', 'c', 'e', 'f'].map((name) => stateOf(world, name))).toEqual(
      'COMPLETE COMPLETE STOPPED COMPLETE COMPLETE'.split(' '),
    );
    expect(world.fakes.size).toBe(4);
    await world.stop();
  });

  it('keeps nobody waiting for one that does not come', async () => {
    const world = new World({ concurrentStarts: 1 });
    world.forbidden.add('attach').add('log'); // nothing is heard of it
    world.startOperator();
    for (const name of ['mute', 'next']) world.create(name);
    await until(world, 'both are claimed', () => world.procedure('next')?.status.claim !== undefined);
    expect(world.pods.objects.size).toBe(1);
    await world.clock.advance(3_100);
    expect(world.pods.objects.size).toBe(2);
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

  it.each([40_000, 3_600_000])(
    'reads the log of a run that ended while no operator was there for %i ms',
    async (downMs) => {
      const world = new World({ script: { runMs: 500, lines: 3 } });
      world.startOperator();
      const { uid } = world.create('p', { startPolicy: 'Automatic' }).metadata;
      await until(world, 'main', () => world.mains === 1);
      world.killOperator();
      await world.clock.advance(downMs);
      world.startOperator();
      await until(world, 'the end', () => finished(world) && podGone(world));
      expect(world.procedure('p')?.status).toMatchObject({ state: 'COMPLETE', reason: 'Completed' });
      expect(world.store.all.get(uid)?.entries.filter(({ k }) => k === 'out')).toHaveLength(3);
      await world.stop();
    },
  );

  const WAITS = { deadlines: { prepareSeconds: 600, readySeconds: 60 } };
  it.each([
    ['READY in time', { startPolicy: 'Automatic' as const }, {}, 1],
    ['a start', WAITS, { start: {} }, 1],
    ['nothing', WAITS, {}, 0],
  ])('hears of %s that came while no operator was there, then judges by deadlines', async (_, spec, change, mains) => {
    const world = new World({ script: { initMs: 1_000 } });
    world.startOperator();
    world.create('p', spec);
    await until(world, 'the load', () => world.loads === 1);
    world.killOperator();
    world.patchSpec('p', change);
    await world.clock.advance(3_600_000);
    world.startOperator();
    await until(world, 'the end', () => finished(world) && podGone(world));
    expect(world.mains).toBe(mains);
    expect(world.procedure('p')?.status.state).toBe(mains === 1 ? 'COMPLETE' : 'STOPPED'); // as the model's runner says of every stop
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

const RUNS = Number(process.env.OET_FAULT_SCHEDULES ?? 200);

it(`runs main at most once under faults, and every run ends (${RUNS} schedules)`, async () => {
  await fc.assert(
    fc.asyncProperty(anySchedule, async (schedule) => {
      const { mains, loads, state, lateWrites } = await live(schedule);
      // One nonce, one load, one main; what was recorded is what the witness saw.
      expect(mains).toBeLessThanOrEqual(1);
      expect(loads).toBeLessThanOrEqual(1);
      if (state === 'COMPLETE') expect(mains).toBe(1);
      expect(lateWrites).toBe(0);
    }),
    { numRuns: RUNS },
  );
}, 600_000);
