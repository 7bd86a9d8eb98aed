import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { Pace } from './pace.ts';

const PATIENCE_MS = 3_000;

function paceOf(least: number): { pace: Pace; clock: FakeClock; woken: string[] } {
  const clock = new FakeClock();
  const woken: string[] = [];
  const pace = new Pace({ least, clock, wake: (uid) => woken.push(uid) });
  return { pace, clock, woken };
}

describe('the pace of starts', () => {
  it('lets the first ones start and has the rest wait, first come, first served', () => {
    const { pace, woken } = paceOf(2);

    expect(['a', 'b', 'c', 'd', 'c'].map((uid) => pace.enter(uid))).toEqual([true, true, false, false, false]);
    expect(pace.waiting).toBe(2);

    pace.leave('b');
    expect(woken).toEqual(['c']);
    expect(pace.enter('c')).toBe(true);
    expect(pace.waits('d')).toBe(true);

    pace.leave('a');
    expect(woken).toEqual(['c', 'd']);
  });

  it('keeps a place for who was woken: nobody gets in between', () => {
    const { pace } = paceOf(1);
    pace.enter('a');
    pace.enter('b');
    pace.leave('a');

    expect(pace.enter('late')).toBe(false);
    expect(pace.enter('b')).toBe(true);
  });

  it('counts one that does not come for so long only', async () => {
    const { pace, clock, woken } = paceOf(1);
    pace.enter('stuck');
    pace.enter('next');

    await clock.advance(PATIENCE_MS - 1);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken).toEqual(['next']);
  });

  it('forgets one that leaves the line', () => {
    const { pace, woken } = paceOf(1);
    pace.enter('a');
    pace.enter('stopped');
    pace.enter('b');
    pace.leave('stopped');
    pace.leave('a');

    expect(woken).toEqual(['b']);
  });

  /** 200 that are asked for at once, each of which takes so long: how many are being started, each time one comes. */
  async function crowd(
    pace: Pace,
    clock: FakeClock,
    woken: string[],
    ms: (starting: number) => number,
  ): Promise<number[]> {
    const starting: number[] = [];
    const begin = (uid: string): void => {
      clock.setTimeout(() => pace.answered(uid), ms(pace.starting));
    };
    for (let i = 0; i < 200; i++) if (pace.enter(`${i}`)) begin(`${i}`);
    while (pace.waiting > 0) {
      await clock.advance(50);
      for (const uid of woken.splice(0)) begin(uid);
      if (pace.waiting > 0) starting.push(pace.starting);
    }
    return starting;
  }

  it('starts ever more at once while they come quickly', async () => {
    const { pace, clock, woken } = paceOf(6);
    expect(Math.max(...(await crowd(pace, clock, woken, () => 300)))).toBeGreaterThan(40);
  });

  it('starts hardly more than the least where they make each other late', async () => {
    const { pace, clock, woken } = paceOf(6);
    expect(Math.max(...(await crowd(pace, clock, woken, (starting) => 300 * starting)))).toBeLessThanOrEqual(10);
  });

  it('never starts fewer than the least, however long they take', async () => {
    const { pace, clock, woken } = paceOf(6);
    expect(Math.min(...(await crowd(pace, clock, woken, () => 10_000)))).toBe(6);
  });

  it('goes back to the least when a cluster that was quick is not any more', async () => {
    const { pace, clock, woken } = paceOf(6);
    await crowd(pace, clock, woken, () => 300);
    await clock.advance(300);
    expect((await crowd(pace, clock, woken, () => 2_000)).at(-1)).toBe(6);
  });

  it('never has more starting than it may, serves in order, and leaves nobody waiting beside a free place', () => {
    const step = fc.record({ uid: fc.integer({ min: 0, max: 9 }).map(String), enters: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step), (most, steps) => {
        const { pace, woken } = paceOf(most);
        const starting = new Set<string>();
        let line: string[] = [];
        for (const { uid, enters } of steps) {
          if (enters) {
            const entered = pace.enter(uid);
            expect(entered).toBe(starting.has(uid) || starting.size < most);
            if (entered) starting.add(uid);
            else if (!line.includes(uid)) line.push(uid);
          } else {
            pace.leave(uid);
            starting.delete(uid);
            line = line.filter((one) => one !== uid);
          }
          const next = woken.splice(0);
          expect(next).toEqual(line.slice(0, next.length));
          line = line.slice(next.length);
          for (const one of next) starting.add(one);
          expect(starting.size).toBeLessThanOrEqual(most);
          expect(pace.waiting).toBe(line.length);
          if (line.length > 0) expect(starting.size).toBe(most);
        }
      }),
    );
  });
});
