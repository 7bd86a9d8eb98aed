import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { Acks } from './acks.ts';

let clock: FakeClock;
let told: number[];
let open: boolean;
let over: boolean;
const acks = (high = 0): Acks =>
  new Acks(high, { clock, tell: (n) => void told.push(n), isOpen: () => open, isOver: () => over });

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  open = true;
  over = false;
});

describe('the first word', () => {
  it('comes 200 ms after the first new entry, however many follow', async () => {
    const one = acks();
    for (let n = 1; n <= 10; n++) {
      one.stored(10, n, false);
      await clock.advance(19);
    }
    expect(told).toEqual([]);
    await clock.advance(10);
    expect(told).toEqual([10]);
  });

  it.each([
    ['much was stored', 600_000, false],
    ['the end was stored', 10, true],
  ])('comes at once when %s', (_, bytes, ended) => {
    acks().stored(bytes, 7, ended);
    expect(told).toEqual([7]);
  });

  it('waits for an attach while little is owed', async () => {
    open = false;
    const one = acks();
    one.stored(10, 1, false);
    await clock.advance(60_000);
    expect(told).toEqual([]);
    one.opened();
    expect(told).toEqual([1]);
  });
});

describe('repetitions', () => {
  it('come with growing pauses, and end', async () => {
    acks().stored(10, 3, true);
    await clock.advance(120_000);
    expect(told).toEqual(Array(8).fill(3));
  });

  it('end with the container', async () => {
    acks().stored(10, 3, true);
    over = true;
    await clock.advance(120_000);
    expect(told).toEqual([3, 3]);
  });

  it('give way to news', async () => {
    const one = acks();
    one.stored(600_000, 3, false);
    await clock.advance(60);
    one.stored(10, 4, false);
    await clock.advance(200);
    expect(told).toEqual([3, 3, 4]);
  });
});
