import { expect, test } from '@jest/globals';
import { JournalError, Unavailable } from '../errors.ts';
import { MAX_COMMIT } from '../shared/ops.ts';
import type { Op } from '../shared/ops.ts';
import { CommitQueue } from './queue.ts';
import type { Committer } from './queue.ts';
import { InDoubt } from './writer.ts';
import type { Committed } from './writer.ts';

const BROKEN = new Error('Connection terminated unexpectedly');
const publish = (namespace: string): Op => ({ op: 'publish', namespace, t: 0, events: [] });
const prune: Op = { op: 'prune', uids: [], eventsBefore: 0 };
const namesOf = (ops: readonly Op[]): string => ops.map((op) => (op.op === 'publish' ? op.namespace : op.op)).join(' ');

/** A queue whose commits do, one after the other, what `answers` say; a commit beyond them succeeds. */
function queueOf(answers: (Error | 'doubt')[], settles: (Error | boolean)[] = [], patienceMs = 60_000) {
  const commits: string[] = [];
  const told: number[] = [];
  let lastId = 0;
  const committer: Committer = {
    commit: async (ops) => {
      commits.push(namesOf(ops));
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      const committed: Committed = { lastId: ++lastId, done: ops.map((op) => ({ value: namesOf([op]) })) };
      if (answer === 'doubt') throw new InDoubt(7, committed, BROKEN);
      return committed;
    },
    settle: async ({ committed }) => {
      const answer = settles.shift();
      if (answer instanceof Error) throw answer;
      commits.push(answer === true ? 'it was' : 'it was not');
      return answer === true ? committed : undefined;
    },
  };
  const queue = new CommitQueue({
    ...{ committer, place: 'database x', patienceMs },
    onCommit: (id) => told.push(id),
    onFailure: () => undefined,
  });
  return { queue, commits, told };
}

test('what comes together is stored together, and what removes runs alone', async () => {
  const { queue, commits, told } = queueOf([]);
  const given = ['a', 'b'].map((name) => queue.add(publish(name)));
  given.push(queue.add(prune), queue.add(publish('c')));

  expect(await Promise.all(given)).toEqual(['a', 'b', 'prune', 'c']);
  expect(commits).toEqual(['a b', 'prune', 'c']);
  expect(told).toEqual([1, 2, 3]);
});

test('a commit stays below its bound', async () => {
  const { queue, commits } = queueOf([]);
  const count = (2.5 * MAX_COMMIT) / 1024;
  await Promise.all(Array.from({ length: count }, () => queue.add(publish('x'))));

  expect(commits.map((names) => names.split(' ').length)).toEqual([512, 512, 256]);
});

test('what is added as the last commit is reported is stored, too', async () => {
  const { queue } = queueOf([]);
  const rounds: unknown[] = [];
  for (let round = 0; round < 50; round++) rounds.push(await queue.add(publish(String(round))));

  expect(rounds).toHaveLength(50);
});

test('a database that is away is tried again', async () => {
  const { queue, commits } = queueOf([BROKEN, BROKEN]);

  expect(await queue.add(publish('a'))).toBe('a');
  expect(commits).toEqual(['a', 'a', 'a']);
});

test('for no longer than the patience of what waits', async () => {
  const { queue } = queueOf(Array<Error>(100).fill(BROKEN), [], 200);

  await expect(queue.add(publish('a'))).rejects.toThrow(Unavailable);
  await expect(queue.add(publish('b'))).rejects.toThrow('database x: Connection terminated');
});

test.each([
  ['was carried out is not repeated', [true], ['a b', 'it was']],
  ['was not is repeated', [false], ['a b', 'it was not', 'a b']],
  ['cannot be asked for yet is asked for again', [BROKEN, BROKEN, true], ['a b', 'it was']],
] as const)('a commit in doubt that %s', async (_, settles, expected) => {
  const { queue, commits, told } = queueOf(['doubt'], [...settles]);

  expect(await Promise.all([queue.add(publish('a')), queue.add(publish('b'))])).toEqual(['a', 'b']);
  expect(commits).toEqual(expected);
  expect(told).toHaveLength(1);
});

test('an operation that the database refuses fails alone', async () => {
  const refusal = new JournalError('no');
  const { queue, commits } = queueOf([refusal, refusal]);
  const [a, b] = await Promise.allSettled([queue.add(publish('a')), queue.add(publish('b'))]);

  expect([a.status, b.status]).toEqual(['rejected', 'fulfilled']);
  expect(commits).toEqual(['a b', 'a', 'b']);
});

test('closing stores what was given, and gives up what it cannot', async () => {
  const good = queueOf([]);
  const stored = good.queue.add(publish('a'));
  await good.queue.close();
  expect(await stored).toBe('a');
  await expect(good.queue.add(publish('b'))).rejects.toThrow('closed');

  const bad = queueOf(Array<Error>(100).fill(BROKEN));
  const lost = bad.queue.add(publish('a'));
  lost.catch(() => undefined);
  await bad.queue.close();
  await expect(lost).rejects.toThrow(Unavailable);
});
