import { sleepWith } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';
import { poll, settle } from './poll.ts';

interface Pending {
  due: number;
  order: number;
  callback: () => void;
}

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #start: number;
  readonly #pending = new Set<Pending>();

  /** `start`: ms since 1970. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal);
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { due: this.#now + Math.max(0, ms), order: this.#order++, callback };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** ms from now until each timer that is set, the next one first. */
  get timers(): number[] {
    return [...this.#pending].map(({ due }) => due - this.#now).sort((a, b) => a - b);
  }

  /** Moves on by `ms`, firing what becomes due in its order, and lets what that starts run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#pending].sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next || next.due > end) break;
      this.#now = Math.max(this.#now, next.due);
      this.#pending.delete(next);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Waits (really) until a timer is set that is due in `ms` from now, or until any is. */
  async waiting(ms?: number): Promise<void> {
    const what = ms === undefined ? 'a timer' : `a timer of ${ms} ms, there are ${this.timers.join(', ')}`;
    await poll(what, () => this.timers.some((due) => ms === undefined || due === ms));
  }
}
