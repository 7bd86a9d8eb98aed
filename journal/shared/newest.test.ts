import { describe, expect, test } from '@jest/globals';
import { Newest } from './newest.ts';

describe('Newest', () => {
  test('wakes those who wait for less, and leaves the others waiting', async () => {
    const newest = new Newest();
    const signal = new AbortController().signal;
    const [near, far] = [newest.beyond(3, signal), newest.beyond(5, signal)];
    newest.raise(4);
    newest.raise(2);

    expect(await near).toBe(4);
    expect(newest.awaited).toBe(true);
    newest.raise(6);
    expect(await far).toBe(6);
    expect(newest.awaited).toBe(false);
  });

  test('lets everything else run before it answers, even at once', async () => {
    const newest = new Newest();
    newest.raise(1);
    let ran = false;
    setImmediate(() => (ran = true));
    await newest.beyond(0, new AbortController().signal);

    expect(ran).toBe(true);
  });

  test('lets all go', async () => {
    const newest = new Newest();
    const waiting = newest.beyond(0, new AbortController().signal);
    newest.release();

    expect(await waiting).toBeUndefined();
  });
});
