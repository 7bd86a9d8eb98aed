import { describe, expect, it } from '@jest/globals';
import { Crowd } from './crowd.ts';

const some = (n: number): object[] => Array.from({ length: n }, () => ({}));

describe('the pause between tries', () => {
  it.each([
    [1, 25],
    [2, 200],
    [4, 1_600],
    [60, 30_000],
  ])('of %i that start at once, up to %i ms', (n, ms) => {
    const crowd = new Crowd();
    expect(Math.max(...some(n).map((who) => crowd.pause(who, 0)))).toBe(ms);
  });

  it('counts each once, however often it tries', () => {
    const crowd = new Crowd();
    const [who = {}] = some(1);
    for (let failing = 0; failing < 3_000; failing += 25) expect(crowd.pause(who, failing)).toBe(25);
  });

  it('of many that are stuck lets one of them try each second at most', () => {
    const crowd = new Crowd();
    const stuck = some(10_000);
    for (const who of stuck) crowd.pause(who, 3_000);
    const triesPerSecond = stuck.reduce((sum, who) => sum + 1_000 / crowd.pause(who, 3_000), 0);
    expect(triesPerSecond).toBeLessThanOrEqual(1.001);
    expect(crowd.pause({}, 0)).toBe(25);
  });

  it('is not made longer by those that are there, nor by those that are stuck', () => {
    const crowd = new Crowd();
    const [there = {}, ...stuck] = some(10);
    for (const who of [there, ...stuck]) crowd.pause(who, 0);
    crowd.leave(there);
    for (const who of stuck) expect(crowd.pause(who, 3_000)).toBe(30_000);
    expect(crowd.pause({}, 0)).toBe(25);
  });
});
