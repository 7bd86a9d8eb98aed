import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Backoff, backoffDelay } from './backoff.ts';
import { microTime, systemClock } from './clock.ts';
import { FakeClock } from './testing/fake-clock.ts';

describe('a time with microseconds', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000000Z'],
    [1.0015, '1970-01-01T00:00:00.001002Z'],
    [Date.UTC(2026, 10, 24, 8, 5, 9, 7), '2026-11-24T08:05:09.007000Z'],
    [999.9999, '1970-01-01T00:00:01.000000Z'],
  ])('%d', (ms, expected) => {
    expect(microTime(ms)).toBe(expected);
  });

  test('is what it was, for any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), (micros) => {
        const text = microTime(micros / 1000);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        expect(Date.parse(`${text.slice(0, 23)}Z`)).toBe(Math.floor(micros / 1000));
      }),
    );
  });
});

describe("the machine's timers", () => {
  afterEach(() => void jest.useRealTimers());

  test('take more than 24 days', () => {
    jest.useFakeTimers();
    let fired = 0;
    systemClock.setTimeout(() => fired++, 30 * 86_400_000);

    jest.advanceTimersByTime(30 * 86_400_000 - 1);
    expect(fired).toBe(0);
    jest.advanceTimersByTime(1);

    expect(fired).toBe(1);
  });

  test('can be called off, also in their second part', () => {
    jest.useFakeTimers();
    const timer = systemClock.setTimeout(() => expect(true).toBe(false), 30 * 86_400_000);
    jest.advanceTimersByTime(29 * 86_400_000);

    timer.cancel();

    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('sleep', () => {
  test('ends with the signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(1_000, controller.signal);

    controller.abort();

    await sleeping;
    await clock.sleep(1_000, controller.signal);
    expect(clock.timers).toEqual([]);
  });
});

describe('back-off', () => {
  test('doubles, up to the limit, and begins anew after a quiet time', async () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ clock, random: () => 0 });
    const first = Array.from({ length: 7 }, () => backoff.next());
    await clock.advance(120_001);

    expect(first).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
    expect(backoff.next()).toBe(800);
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(800);
  });

  test('is never shorter than its plain step nor longer than the limit', () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(2_000), chance, chance, (n, jitter, random) => {
        const delay = backoffDelay(n, 800, 30_000, jitter, () => random);
        expect(delay).toBeGreaterThanOrEqual(Math.min(30_000, 800 * 2 ** Math.min(n, 50)));
        expect(delay).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});
