import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Method } from './client.ts';
import type { Lease } from './kinds.ts';
import { LeaseElector } from './lease.ts';
import type { LeaseEnd, LeaseOptions } from './lease.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeKube, refusal, SILENCE } from './testing/fake-kube.ts';

/** One lease, kept as the API server does, with its conflicts. */
let clock: FakeClock;
let lease: Lease | undefined;
let version = 0;
/** What is answered or thrown in place of the lease. */
let instead: (() => unknown) | undefined;
const told: string[] = [];
const running: { stop: AbortController; end: Promise<LeaseEnd> }[] = [];

const kube = fakeKube((method: Method, _path, { body }) => {
  const other = instead?.();
  if (other !== undefined) return other;
  if (method === 'GET') {
    if (lease) return lease;
    throw refusal(404, 'NotFound');
  }
  const wanted = body as Lease;
  if (method === 'POST' && lease) throw refusal(409, 'AlreadyExists');
  if (method === 'PUT' && wanted.metadata.resourceVersion !== lease?.metadata.resourceVersion)
    throw refusal(409, 'Conflict');
  return put(wanted);
});
const fail = (status: number) => (): never => {
  throw refusal(status, 'InternalError');
};

beforeEach(() => {
  clock = new FakeClock();
  lease = undefined;
  instead = undefined;
  told.length = 0;
});
afterEach(async () => {
  instead = undefined;
  for (const { stop, end } of running.splice(0)) {
    stop.abort();
    await end.catch(() => undefined);
  }
});

function put(wanted: Lease): Lease {
  lease = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: String(++version), uid: 'u' } };
  return lease;
}

function candidate(identity: string, options: Partial<LeaseOptions> = {}) {
  const elector = new LeaseElector({
    kube,
    name: 'oet',
    namespace: 'ns',
    identity,
    clock,
    random: () => 0,
    onStarted: (term) => told.push(`${identity} started ${term}`),
    onStopped: () => told.push(`${identity} stopped`),
    ...options,
  });
  const stop = new AbortController();
  const end = elector.run(stop.signal);
  running.push({ stop, end });
  return { elector, stop, end };
}

/** Time goes on in small steps until a line is told; how long that took. */
async function pass(line: string, limitMs = 60_000): Promise<number> {
  const begin = clock.monotonic();
  await clock.advance(0);
  while (!told.includes(line)) {
    if (clock.monotonic() - begin > limitMs) throw new Error(`${line} did not come; told: ${told.join(', ')}`);
    await clock.advance(100);
  }
  return clock.monotonic() - begin;
}

describe('taking it', () => {
  test('the first makes the lease, with microseconds', async () => {
    const { elector } = candidate('one');
    expect(await pass('one started 1')).toBe(0);

    expect(lease!.spec).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    });
    expect([elector.leading, elector.transitions]).toEqual([true, 1]);
  });

  test('renewals keep the term and its beginning', async () => {
    candidate('one');
    expect(await pass('one started 1')).toBe(0);

    await clock.advance(60_000);

    expect(lease!.spec).toMatchObject({ leaseTransitions: 1, acquireTime: '2026-01-01T00:00:00.000000Z' });
    expect(lease!.spec!.renewTime! > lease!.spec!.acquireTime!).toBe(true);
    expect(told).toEqual(['one started 1']);
  });

  test("another one's runs out first, by our clock, whatever its stamps say", async () => {
    put({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'oet', namespace: 'ns' },
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 15,
        renewTime: '1999-01-01T00:00:00.000000Z',
        leaseTransitions: 6,
      },
    });
    candidate('one');

    const waited = await pass('one started 7');

    expect(waited).toBeGreaterThanOrEqual(15_000);
    expect(waited).toBeLessThan(19_000);
  });

  test('one that is renewed is left alone', async () => {
    candidate('one');
    expect(await pass('one started 1')).toBe(0);
    candidate('two');

    await clock.advance(60000);

    expect(told).toEqual(['one started 1']);
  });

  test('two at the same time: one of them', async () => {
    candidate('one');
    candidate('two');
    await clock.advance(10000);

    expect(told).toHaveLength(1);
  });

  test('the same identity begins a new term', async () => {
    put({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'oet', namespace: 'ns' },
      spec: { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 6 },
    });
    candidate('one');

    expect(await pass('one started 7')).toBe(0);
  });
});

describe('losing it', () => {
  test('a later term in the same name has taken over: stopped at the next look', async () => {
    candidate('one');
    await pass('one started 1');
    candidate('one', {
      onStarted: (term) => told.push(`successor started ${term}`),
      onStopped: () => told.push('successor stopped'),
    });

    await pass('successor started 2');
    await pass('one stopped');
    await clock.advance(60_000);

    expect(told).toEqual(['one started 1', 'successor started 2', 'one stopped']);
    expect(lease!.spec!.leaseTransitions).toBe(2);
  });

  test('no renewal for 10 s: stopped before anybody else may start', async () => {
    const { end, elector } = candidate('one');
    expect(await pass('one started 1')).toBe(0);
    instead = fail(500);

    const waited = await pass('one stopped');

    expect(waited).toBeLessThanOrEqual(12_000);
    expect(await end).toBe('lost');
    expect(elector.leading).toBe(false);
    expect(lease!.spec!.holderIdentity).toBe('one'); // it is not given back: somebody may hold it
  });

  test('a server that does not answer is no renewal', async () => {
    const { end } = candidate('one');
    expect(await pass('one started 1')).toBe(0);
    instead = () => SILENCE;

    expect(await pass('one stopped')).toBeLessThanOrEqual(12_000);
    expect(await end).toBe('lost');
  });

  test('taken by another: stopped at the next look', async () => {
    const { end } = candidate('one');
    expect(await pass('one started 1')).toBe(0);
    put({ ...lease!, spec: { ...lease!.spec, holderIdentity: 'two', leaseTransitions: 2 } });

    expect(await pass('one stopped')).toBeLessThanOrEqual(3_000);
    expect(await end).toBe('lost');
  });

  test('a passing failure loses nothing', async () => {
    candidate('one');
    expect(await pass('one started 1')).toBe(0);
    let failures = 2;
    instead = () => (failures-- > 0 ? fail(503)() : undefined);

    await clock.advance(20000);

    expect(told).toEqual(['one started 1']);
  });

  test('a deleted lease is made again, in the same term', async () => {
    candidate('one');
    expect(await pass('one started 1')).toBe(0);
    lease = undefined;

    await clock.advance(5_000);

    expect(lease!.spec!.leaseTransitions).toBe(1);
    expect(told).toEqual(['one started 1']);
  });
});

describe('the signal', () => {
  test('gives it back: the next one need not wait, its term is higher', async () => {
    const one = candidate('one');
    expect(await pass('one started 1')).toBe(0);
    candidate('two');

    one.stop.abort();

    expect(await one.end).toBe('aborted');
    expect(told).toContain('one stopped');
    expect(lease!.spec!.holderIdentity).toBe('');
    expect(await pass('two started 2')).toBeLessThan(5_000);
  });

  test('before there was one: nothing is told', async () => {
    put({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'oet', namespace: 'ns' },
      spec: { holderIdentity: 'other', leaseDurationSeconds: 15 },
    });
    const { stop, end } = candidate('one');
    stop.abort();

    expect(await end).toBe('aborted');
    expect(told).toEqual([]);
    expect(clock.timers).toEqual([]);
  });
});

test('a callback that throws gives it back and is told', async () => {
  const { end } = candidate('one', {
    onStarted: () => {
      throw new Error('mine');
    },
  });

  await expect(end).rejects.toThrow('mine');
  expect(told).toEqual(['one stopped']);
  expect(lease!.spec!.holderIdentity).toBe('');
});

test('times that cannot work are refused', () => {
  expect(() => candidate('one', { leaseDurationMs: 5_000 })).toThrow(RangeError);
});
