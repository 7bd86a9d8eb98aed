import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from './testing/fake-clock.ts';
import { settle } from './testing/poll.ts';
import { PRIORITIES, WorkQueue } from './workqueue.ts';
import type { Priority, WorkQueueOptions } from './workqueue.ts';

function make(options: WorkQueueOptions = {}): { queue: WorkQueue; clock: FakeClock } {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 0, ...options }) };
}

/** What the queue hands out until it has nothing more. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.metrics().depth > 0) {
    const key = await queue.get();
    if (key === undefined) break;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('a key', () => {
  test('is there once, however often it is added', async () => {
    const { queue } = make();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);

    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  test('that is added while somebody works on it comes again after done', async () => {
    const { queue } = make();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');
    expect(queue.metrics()).toMatchObject({ depth: 0, processing: 1 });

    queue.done('a');

    expect(await drain(queue)).toEqual(['a']);
  });

  test('that is not added meanwhile does not', async () => {
    const { queue } = make();
    queue.add('a');
    await queue.get();
    queue.done('a');
    queue.done('a');

    expect(queue.metrics()).toMatchObject({ depth: 0, processing: 0, adds: 1 });
  });

  test('goes to who waits, in turn', async () => {
    const { queue } = make();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');

    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });
});

describe('lanes', () => {
  test('the more urgent first, within one in turn', async () => {
    const { queue } = make();
    queue.add('l', { priority: 'low' });
    queue.add('n1');
    queue.add('h', { priority: 'high' });
    queue.add('n2');
    queue.add('u', { priority: 'urgent' });

    expect(await drain(queue)).toEqual(['u', 'h', 'n1', 'n2', 'l']);
  });

  test('a key rises and never sinks', async () => {
    const { queue } = make();
    queue.add('a');
    queue.add('b');
    queue.add('b', { priority: 'urgent' });
    queue.add('b', { priority: 'low' });

    expect(await drain(queue)).toEqual(['b', 'a']);
  });

  test('a key keeps the most urgent lane that it was added to while worked on', async () => {
    const { queue } = make();
    queue.add('a');
    await queue.get();
    queue.add('a', { priority: 'low' });
    queue.add('a', { priority: 'urgent' });
    queue.add('b');
    queue.done('a');

    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  test('a reserved worker gets urgent keys only, and those before the others', async () => {
    const { queue } = make();
    const got: string[] = [];
    void queue.get().then((key) => got.push(`any ${key ?? ''}`));
    void queue.get({ urgentOnly: true }).then((key) => got.push(`reserved ${key ?? ''}`));
    queue.add('u', { priority: 'urgent' });
    queue.add('n');
    await settle();

    expect(got).toEqual(['reserved u', 'any n']);
  });

  test('without a reserved worker that waits, any worker takes an urgent key', async () => {
    const { queue } = make();
    const got = queue.get();
    queue.add('u', { priority: 'urgent' });

    expect(await got).toBe('u');
  });

  test('a reserved worker waits while others are busy with all else', async () => {
    const { queue } = make();
    queue.add('n');
    let given: string | undefined = 'nothing yet';
    void queue.get({ urgentOnly: true }).then((key) => (given = key));
    await settle();
    expect(given).toBe('nothing yet');

    queue.add('n', { priority: 'urgent' });
    await settle();

    expect(given).toBe('n');
    expect(queue.metrics().depth).toBe(0);
  });
});

describe('later', () => {
  test('after its time', async () => {
    const { queue, clock } = make();
    queue.addAfter('a', 1_000);
    await clock.advance(999);
    expect(queue.metrics()).toMatchObject({ depth: 0, delayed: 1 });

    await clock.advance(1);

    expect(queue.metrics()).toMatchObject({ depth: 1, delayed: 0 });
  });

  test.each([
    ['the earlier of two times', [1_000, 500], 500],
    ['also if it came first', [500, 1_000], 500],
    ['no time at all', [-1, 10], 0],
  ])('%s', async (_, times, expected) => {
    const { queue, clock } = make();
    for (const ms of times) queue.addAfter('a', ms);

    if (expected > 0) await clock.advance(expected - 1);
    const before = queue.metrics().depth;
    await clock.advance(1);

    expect([before, queue.metrics().depth]).toEqual(expected > 0 ? [0, 1] : [1, 1]);
  });

  test('a month', async () => {
    const { queue, clock } = make();
    queue.addAfter('a', 30 * 86_400_000, { priority: 'low' });

    await clock.advance(30 * 86_400_000);

    expect(queue.metrics().byPriority.low).toBe(1);
  });

  test('the waits of failures double up to the limit, until forget', async () => {
    const { queue, clock } = make({ baseDelayMs: 100, maxDelayMs: 1_000 });
    const waits: number[] = [];
    const fail = async (): Promise<void> => {
      queue.addRateLimited('a');
      waits.push(clock.timers[0]!);
      await clock.advance(clock.timers[0]!);
      queue.done((await queue.get())!);
    };
    for (let n = 0; n < 6; n++) await fail();
    expect(queue.failures('a')).toBe(6);
    queue.forget('a');
    await fail();

    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000, 100]);
  });
});

describe('shutting down', () => {
  test('hands out what is due, drops what waits, takes nothing more', async () => {
    const { queue, clock } = make();
    queue.add('a');
    queue.addAfter('b', 10);
    queue.shutDown();
    queue.add('c');
    queue.addAfter('d', 10);
    queue.addRateLimited('e');

    expect([await queue.get(), await queue.get()]).toEqual(['a', undefined]);
    expect(clock.timers).toEqual([]);
  });

  test('wakes who waits', async () => {
    const { queue } = make();
    const got = Promise.all([queue.get(), queue.get({ urgentOnly: true })]);

    queue.shutDown();

    expect(await got).toEqual([undefined, undefined]);
  });
});

test('metrics', async () => {
  const waits: [string, number, Priority][] = [];
  const { queue, clock } = make({ onGet: (...args) => waits.push(args) });
  queue.add('a');
  await clock.advance(50);
  queue.add('b', { priority: 'high' });
  await clock.advance(50);

  expect(queue.metrics()).toEqual({
    depth: 2,
    byPriority: { urgent: 0, high: 1, normal: 1, low: 0 },
    processing: 0,
    delayed: 0,
    adds: 2,
    retries: 0,
    oldestMs: 100,
  });
  await drain(queue);
  expect(waits).toEqual([
    ['b', 50, 'high'],
    ['a', 100, 'normal'],
  ]);
});

test('over any history: nobody shares a key, nothing added is forgotten, nothing comes unasked', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const priority = fc.constantFrom(...PRIORITIES);
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key, priority }),
    fc.record({ do: fc.constant('after' as const), key, priority, ms: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ do: fc.constant('get' as const), urgentOnly: fc.boolean() }),
    fc.record({ do: fc.constant('done' as const), key }),
    fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { queue, clock } = make();
      const working = new Set<string>();
      const owed = new Set<string>(); // asked for since it was last handed out
      const balance = new Map<string, number>(); // times asked for less times handed out
      const ask = (key: string): void => {
        owed.add(key);
        balance.set(key, (balance.get(key) ?? 0) + 1);
      };
      const take = (got: string | undefined): void => {
        if (got === undefined) return;
        expect(working.has(got)).toBe(false);
        expect(balance.get(got)).toBeGreaterThan(0);
        working.add(got);
        owed.delete(got);
        balance.set(got, balance.get(got)! - 1);
      };
      const finish = (key: string): void => {
        working.delete(key);
        queue.done(key);
      };
      for (const now of steps) {
        if (now.do === 'add') {
          ask(now.key);
          queue.add(now.key, now);
        } else if (now.do === 'after') {
          ask(now.key);
          queue.addAfter(now.key, now.ms, now);
        } else if (now.do === 'get') void queue.get(now).then(take);
        else if (now.do === 'done') finish(now.key);
        else await clock.advance(now.ms);
        await settle(1);
      }
      await clock.advance(100);
      for (let round = 0; round < 20 && (working.size > 0 || queue.metrics().depth > 0); round++) {
        for (const key of [...working]) finish(key);
        if (queue.metrics().depth > 0) take(await queue.get());
        await settle(1);
      }

      expect([...owed]).toEqual([]);
      expect(queue.metrics()).toMatchObject({ depth: 0, delayed: 0, processing: 0 });
    }),
    { numRuns: 200 },
  );
});
