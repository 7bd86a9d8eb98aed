import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { encodeEntry } from '../../journal/index.ts';
import { readToEnd } from './log-source.ts';
import type { ReadEnd } from './ports.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const TICK = encodeEntry({ n: 1, t: 1, k: 'tick' }).toString();

interface Read {
  readonly text?: string;
  readonly end?: ReadEnd;
  /** How long a follow stays open, ms. */
  readonly lastsMs?: number;
}

/** Reads this script of answers to its end, or for so long. */
async function read(
  answers: readonly Read[],
  { ended = true, spoke = false, forMs = 60_000 }: { ended?: boolean; spoke?: boolean; forMs?: number } = {},
) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const told: (string | undefined)[] = [];
  const follows: boolean[] = [];
  let result: boolean | undefined;
  let at = 0;
  const done = readToEnd(
    {
      clock,
      log,
      streams: {
        attach: () => Promise.reject(new Error('not here')),
        readLog: async ({ follow }, onChunk, signal) => {
          follows.push(follow);
          const { text, end = { how: 'eof' }, lastsMs = 0 } = answers[Math.min(at++, answers.length - 1)] ?? {};
          if (text !== undefined) await onChunk(Buffer.from(text));
          if (follow && lastsMs > 0) await clock.sleep(lastsMs, signal);
          return end;
        },
      },
      onEntries: () => undefined,
      onDiagnostic: () => undefined,
      room: () => Promise.resolve(),
      onCaughtUp: () => undefined,
      since: () => (spoke ? new Date(0).toISOString() : undefined),
      ended: () => ended,
      gone: () => false,
      finished: () => false,
      onDegraded: (trouble) => told.push(trouble?.reason),
    },
    abort.signal,
  ).then((over) => (result = over));
  for (let spent = 0; spent < forMs && result === undefined; spent += 50) await clock.advance(50);
  const early = result;
  abort.abort();
  await clock.advance(1);
  await done;
  return { over: early, told, follows, reads: at };
}

/** Without a line feed, as a kubelet writes it. */
const GONE = 'unable to retrieve container logs for containerd://abc';

describe('after the container’s end', () => {
  it.each<[string, Read, boolean, boolean | undefined]>([
    ['entries end it', { text: TICK }, true, true],
    ['nothing at all ends it', {}, true, true],
    [
      'a kubelet that knows no pods yet does not',
      { end: { how: 'refused', status: 404, message: 'no' } },
      true,
      undefined,
    ],
    ['the runtime’s words for a log that is away do not', { text: GONE }, false, undefined],
    ['what a container of somebody else’s wrote ends it', { text: 'not a Python\n' }, false, true],
    ['odd words after entries do not', { text: 'who knows\nwhat\n' }, true, undefined],
    [
      'a refusal for lack of rights does not',
      { end: { how: 'refused', status: 403, message: 'no' } },
      false,
      undefined,
    ],
  ])('%s', async (_, answer, spoke, over) => {
    expect((await read([answer], { spoke })).over).toBe(over);
  });
});

describe('while it runs', () => {
  const REFUSED = { text: `${TICK}failed to create fsnotify watcher: too many open files` };

  it('polls where follows are refused, tries again from time to time, and says when one is granted', async () => {
    const answers = [...Array.from({ length: 16 }, () => REFUSED), { text: TICK, lastsMs: 5_000 }];
    const { told, follows } = await read(answers, { ended: false, forMs: 30_000 });
    expect(told).toContain('LogFollowRefused');
    expect(follows.slice(0, 4)).toEqual([true, true, true, true]);
    expect(follows).toContain(false);
    expect(told.at(-1)).toBeUndefined();
    expect(follows.at(-1)).toBe(true);
  });

  it('asks once a second where it is forbidden, and says when it is not any more', async () => {
    const forbidden = { end: { how: 'refused', status: 403, message: 'no' } as const };
    const { told, reads } = await read([...Array.from({ length: 5 }, () => forbidden), { lastsMs: 60_000 }], {
      ended: false,
      forMs: 20_000,
    });
    expect(told.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'LogForbidden'));
    expect(told.at(-1)).toBeUndefined();
    expect(reads).toBe(6);
  });
});
