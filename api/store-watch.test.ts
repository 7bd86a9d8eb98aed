import { expect, it } from '@jest/globals';
import { silent } from '../kube/logger.ts';
import { StoreWatch } from './store-watch.ts';

/** A store whose newest row is told step by step, and a clock that only tests move. */
function parts(): {
  watch: StoreWatch;
  run: Promise<void>;
  end: () => Promise<void>;
  news: (id: number) => void;
  pass: (ms: number) => void;
  sleeps: number[];
  wake: () => void;
} {
  let now = 0;
  let told: ((id: number) => void) | undefined;
  let wake = (): void => undefined;
  const sleeps: number[] = [];
  const stop = new AbortController();
  const store = {
    lastId: () => Promise.resolve(0),
    changed: (_after: number, signal?: AbortSignal) =>
      new Promise<number | undefined>((resolve) => {
        told = resolve;
        signal?.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
  };
  const clock = {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) => {
      sleeps.push(ms);
      return new Promise<void>((resolve) => {
        wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
  const watch = new StoreWatch(store as never, clock, silent);
  const run = watch.run(stop.signal);
  return {
    watch,
    run,
    end: () => {
      stop.abort();
      return run;
    },
    news: (id) => told?.(id),
    pass: (ms) => (now += ms),
    sleeps,
    wake: () => wake(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('leaves as long to everything else as those took who were woken, at most a quarter of a second', async () => {
  const { watch, end, news, pass, sleeps, wake } = parts();
  await watch.ready;
  await turn();
  for (const [id, took, pauses] of [
    [1, 0, []],
    [2, 40, [40]],
    [3, 4, []],
    [4, 3_600_000, [250]],
  ] as const) {
    sleeps.length = 0;
    const waiting = watch.wait(id - 1, new AbortController().signal, 1000);
    expect(sleeps.splice(0)).toEqual([1000]);
    news(id);
    await waiting;
    pass(took);
    await turn();
    await turn();
    expect([watch.lastId, sleeps]).toEqual([id, pauses]);
    wake();
    await turn();
  }
  await end();
});
