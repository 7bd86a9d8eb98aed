import { expect, test } from '@jest/globals';
import { realClock } from './node-ports.ts';

test('sleeps for longer than one timer of Node can, such as `oet run --timeout=600h`', async () => {
  const enough = new AbortController();
  let over = false;
  const sleeping = realClock.sleep(600 * 3_600_000, enough.signal).then(() => (over = true));
  // A delay that is too long is one of 1 ms for Node, which fires before this one.
  await realClock.sleep(5);
  expect(over).toBe(false);
  enough.abort();
  await sleeping;
});
