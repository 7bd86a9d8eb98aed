import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../kube/index.ts';
import { World } from '../testing/world.ts';

async function until(world: World, what: string, holds: () => boolean, limitMs = 120_000): Promise<void> {
  for (let spent = 0; spent <= limitMs; spent += 10) {
    if (holds()) return;
    await world.clock.advance(10);
  }
  throw new Error(`not within ${limitMs} ms: ${what}: ${JSON.stringify(world.procedure('p')?.status)}`);
}

const status = (world: World) => world.procedure('p')?.status;
const degraded = (world: World) => status(world)?.conditions?.find(({ type }) => type === 'CaptureDegraded');
const podName = (world: World): string => [...world.pods.objects.keys()][0] ?? '';

describe('what hinders the capture', () => {
  it.each([
    ['a log', ['attach']],
    ['nothing', ['attach', 'log']],
  ] as const)('is the reason of the wait while no attach is allowed, and %s; granted, it goes on', async (_, lacks) => {
    const world = new World();
    for (const one of lacks) world.forbidden.add(one);
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'the reason', () => status(world)?.reason === 'AttachForbidden');
    expect(status(world)).toMatchObject({ state: 'CREATING', message: 'may not attach' });
    await until(world, 'the condition', () => degraded(world)?.reason === 'AttachForbidden');
    world.forbidden.clear();
    await until(world, 'the end', () => status(world)?.phase === 'Finished');
    expect(status(world)?.state).toBe('COMPLETE');
    expect(degraded(world)).toBeUndefined();
    await world.stop();
  });

  it('is the reason of a run that the store does not take; once it does, the run goes on', async () => {
    const world = new World();
    world.store.broken = new Error('disk full');
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'the reason', () => status(world)?.reason === 'StoreUnavailable');
    expect(status(world)).toMatchObject({ state: 'CREATING', message: 'disk full' });
    await world.clock.advance(5_000);
    expect(world.writes).toEqual(['procedures status']);
    world.store.broken = undefined;
    await until(world, 'the end', () => status(world)?.phase === 'Finished');
    expect(status(world)?.state).toBe('COMPLETE');
    await world.stop();
  });

  it('ends the run with its own reason when the preparation takes too long', async () => {
    const world = new World();
    world.forbidden.add('attach').add('log');
    world.startOperator();
    world.create('p', { deadlines: { prepareSeconds: 5 } });
    await until(world, 'the end', () => status(world)?.phase === 'Finished', 20_000);
    expect(status(world)).toMatchObject({ state: 'FAILED', reason: 'AttachForbidden' });
    await world.stop();
  });

  it.each([
    ['log', 'LogForbidden'],
    ['store', 'StoreUnavailable'],
  ] as const)('is a condition of a run that goes on: %s', async (what, reason) => {
    const world = new World({ script: { runMs: Infinity } });
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    if (what === 'log') world.forbidden.add('log');
    await until(world, 'RUNNING', () => world.mains === 1 && status(world)?.state === 'RUNNING');
    if (what === 'store') world.store.broken = new Error('disk full');
    // The heartbeat of a ping makes an entry, which the store does not take.
    await until(world, 'the condition', () => degraded(world)?.reason === reason);
    expect(status(world)?.state).toBe('RUNNING');
    world.forbidden.clear();
    world.store.broken = undefined;
    await until(world, 'its end', () => degraded(world) === undefined);
    world.patchSpec('p', { stop: { mode: 'Graceful', gracePeriodSeconds: 1 } });
    await until(world, 'the end', () => status(world)?.phase === 'Finished');
    expect(status(world)).toMatchObject({ state: 'STOPPED' });
    await world.stop();
  });
});

describe('a SIGTERM that nobody here asked for', () => {
  const patchPod = (world: World, patch: Partial<NonNullable<Pod['status']>>): void => {
    const pod = world.pods.objects.get(podName(world));
    if (pod) world.putPod({ ...pod, status: { ...pod.status, ...patch } });
  };

  it.each<[string, Partial<NonNullable<Pod['status']>>, string]>([
    ['an eviction by the kubelet', { phase: 'Failed', reason: 'Evicted', message: 'too much' }, 'Evicted'],
    ['a deadline of the pod', { phase: 'Failed', reason: 'DeadlineExceeded' }, 'DeadlineExceeded'],
    ['nobody', { phase: 'Failed' }, 'Interrupted'],
  ])('is explained by the pod’s status, which comes later: %s', async (_, patch, reason) => {
    const world = new World({ script: { runMs: Infinity } });
    world.startOperator();
    const { uid } = world.create('p', { startPolicy: 'Automatic' }).metadata;
    await until(world, 'RUNNING', () => status(world)?.state === 'RUNNING');
    const fake = [...world.fakes.values()][0];
    world.holdKubelet();
    fake?.sigterm();
    await until(world, 'the runner’s end', () => world.store.all.get(uid)?.end != null);
    await world.clock.advance(1_000);
    expect(status(world)?.phase).not.toBe('Finished');
    patchPod(world, patch);
    await until(world, 'the end', () => status(world)?.phase === 'Finished', 5_000);
    expect(status(world)).toMatchObject({ state: 'FAILED', reason });
    await world.stop();
  });

  it('is not waited for without end', async () => {
    const world = new World({ script: { runMs: Infinity } });
    world.startOperator();
    world.create('p', { startPolicy: 'Automatic' });
    await until(world, 'RUNNING', () => status(world)?.state === 'RUNNING');
    world.holdKubelet();
    [...world.fakes.values()][0]?.sigterm();
    await until(world, 'the end', () => status(world)?.phase === 'Finished', 35_000);
    expect(status(world)).toMatchObject({ state: 'FAILED', reason: 'Interrupted' });
    await world.stop();
  });
});
