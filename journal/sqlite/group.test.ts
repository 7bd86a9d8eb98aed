import { describe, expect, test } from '@jest/globals';
import { EntryGap } from '../errors.ts';
import { CommitGroup } from './group.ts';
import type { Committer } from './group.ts';
import { MAX_COMMIT } from '../shared/ops.ts';
import type { Op } from '../shared/ops.ts';
import type { Settled } from './messages.ts';

const op = (uid: string, bytes = 10): Op => ({
  op: 'append',
  uid,
  entries: [],
  notes: [],
  data: new Uint8Array(bytes),
});
const uidOf = (each: Op): string => (each.op === 'append' ? each.uid : '');

async function run(committer: Committer, ops: readonly Op[]): Promise<Settled[]> {
  const settled: Settled[] = [];
  await new Promise<void>((resolve) => {
    const group = new CommitGroup(committer, (_, some) => settled.push(...some));
    for (const [index, each] of ops.entries()) group.add({ ticket: index + 1, op: each });
    group.drain(resolve);
  });
  return settled;
}

describe('CommitGroup', () => {
  test('stores what comes together in one commit, up to 512 KiB, in order', async () => {
    const commits: string[][] = [];
    const committer: Committer = {
      commit(ops) {
        commits.push(ops.map(uidOf));
        return { lastId: 1, done: ops.map(() => ({ value: undefined })) };
      },
      committed: () => undefined,
    };
    const settled = await run(committer, [
      op('a'),
      op('b', MAX_COMMIT - 600),
      op('c'),
      op('d', 2 * MAX_COMMIT),
      op('e'),
    ]);

    expect(commits).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
    expect(settled.map(({ ticket }) => ticket)).toEqual([1, 2, 3, 4, 5]);
  });

  test('an operation’s own error is its own', async () => {
    const committer: Committer = {
      commit: (ops) => ({
        lastId: 1,
        done: ops.map((each) => (uidOf(each) === 'b' ? { error: new EntryGap('b', 1, 2) } : { value: 5 })),
      }),
      committed: () => undefined,
    };

    expect(await run(committer, [op('a'), op('b'), op('c')])).toEqual([
      { ticket: 1, value: 5 },
      { ticket: 2, error: { kind: 'gap', uid: 'b', expected: 1, got: 2 } },
      { ticket: 3, value: 5 },
    ]);
  });

  test('where a commit fails as a whole, each operation is tried by itself', async () => {
    const committer: Committer = {
      commit(ops) {
        if (ops.some((each) => uidOf(each) === 'b')) throw new Error('disk full');
        return { lastId: 1, done: ops.map(() => ({ value: 5 })) };
      },
      committed: () => undefined,
    };

    expect(await run(committer, [op('a'), op('b'), op('c')])).toEqual([
      { ticket: 1, value: 5 },
      { ticket: 2, error: expect.objectContaining({ kind: 'other', message: 'disk full' }) },
      { ticket: 3, value: 5 },
    ]);
  });
});
