import { expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../journal/index.ts';
import { isExpired, pruneExpired } from './retention.ts';

const DAY = 86_400_000;

it.each([
  ['unfinished, however old', null, 1, false],
  ['within its own retention', 0, 3 * 86_400, false],
  ['past its own retention', 0, 86_400, true],
  ['within the default', 0, undefined, false],
])('a run %s', (_, finished, outputSeconds, expired) => {
  expect(isExpired({ finished, info: { outputSeconds } }, 2 * DAY)).toBe(expired);
});

it('takes runs past their retention out of the store, and no others', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'oet-retention-'));
  const store = await openStore(path.join(folder, 'journal.sqlite'));
  try {
    for (const [id, outputSeconds] of [1, 10 * 86_400].entries()) {
      const uid = `uid-${id}`;
      await store.openRun({ uid, namespace: 'ns', name: uid, id: id + 1, created: 0, info: { outputSeconds } });
      await store.finish(uid, {
        state: 'COMPLETE',
        t: DAY * 1000,
        reason: 'Completed',
        message: null,
        exitCode: 0,
        signal: null,
      });
    }
    expect(await pruneExpired(store, 'ns', 2 * DAY)).toBe(1);
    expect((await store.runs('ns')).map(({ uid }) => uid)).toEqual(['uid-1']);
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
});
