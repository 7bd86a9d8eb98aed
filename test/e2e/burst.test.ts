/** Many at once: each with its own exact output, and all stopped at once. On the embedded cluster two hundred, on a node as many pods as it takes. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EMBEDDED } from './harness/node.ts';
import type { Summary } from './harness/rest.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ OET_HISTORY_LIMIT: '1000' });
});
afterAll(() => stack.close());

const MANY = EMBEDDED ? 200 : 30;
const ENDLESS = EMBEDDED ? 50 : 15;

/** So many on two busy cores take their time. */
const SLOW = { withinMs: 900_000, everyMs: 250 };
const TEST_MS = 2_700_000;

/** Waits until all are so, by one list for all: two hundred that ask for themselves would be a load of their own. */
async function all(ids: readonly number[], wanted: string): Promise<void> {
  await until(
    `${wanted} of ${ids.length} procedures`,
    async () => {
      const { status, text } = await stack.rest.call('GET', '/procedures');
      if (status !== 200) return false;
      const states = new Map((JSON.parse(text) as Summary[]).map(({ id, state }) => [id, state]));
      const over = ids.find(
        (id) => ['COMPLETE', 'FAILED', 'STOPPED'].includes(states.get(id) ?? '') && states.get(id) !== wanted,
      );
      if (over !== undefined) throw new Error(`procedure ${over} is ${states.get(over)}, wanted ${wanted}`);
      return ids.every((id) => states.get(id) === wanted);
    },
    SLOW,
  );
}

it(
  `${MANY} created at once all complete, each with its own output`,
  async () => {
    const { rest } = stack;
    const source = 'def main(n):\n  for i in range(20): print(n, i)';
    const ids = await Promise.all(Array.from({ length: MANY }, () => rest.create(source)));
    expect(new Set(ids).size).toBe(MANY);
    await all(ids, 'READY');
    await Promise.all(ids.map((id) => rest.start(id, { main: `{"args":[${id}]}` })));
    await all(ids, 'COMPLETE');
    for (const id of ids) {
      expect(await rest.output(id)).toBe(Array.from({ length: 20 }, (_, i) => `${id} ${i}\n`).join(''));
    }
  },
  TEST_MS,
);

it(
  `${ENDLESS} endless ones stopped at once all stop`,
  async () => {
    const { rest } = stack;
    const source = 'import time\ndef main():\n  print("up", flush=True)\n  while True: time.sleep(0.1)';
    const ids = await Promise.all(Array.from({ length: ENDLESS }, () => rest.create(source)));
    await all(ids, 'READY');
    await Promise.all(ids.map((id) => rest.start(id)));
    for (const id of ids) await until(`output of ${id}`, async () => (await rest.output(id)) === 'up\n', SLOW);
    const answers = await Promise.all(ids.map((id) => rest.stop(id)));
    // 504 where the crowd takes longer than an answer waits.
    expect(answers.filter(({ status }) => status !== 200 && status !== 504)).toEqual([]);
    await all(ids, 'STOPPED');
    await until(
      'all pods to go',
      async () =>
        (await stack.kubectl(['get', 'pods', '-l', 'app.kubernetes.io/managed-by=oet', '-o', 'name'])).stdout === '',
      SLOW,
    );
  },
  TEST_MS,
);
