/** When the log is read: docs/adr/0007. */
import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { LogFollow } from './log-follow.ts';
import type { ReadEnd } from './ports.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A follow of a log that stays open until `end` is called, and what it asks of its attach. */
function follow({ resumed = false } = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const drained: number[] = [];
  const reads: { follow: boolean; speak: () => void; end: (how: ReadEnd) => void }[] = [];
  const ask = (what: string) => () => void asked.push(what);
  const logFollow = new LogFollow({
    clock,
    log,
    resumed,
    streams: {
      attach: () => Promise.reject(new Error('not here')),
      readLog: ({ follow: stays }, onChunk) => {
        const { promise, resolve } = Promise.withResolvers<ReadEnd>();
        reads.push({ follow: stays, speak: () => void onChunk(Buffer.alloc(0)), end: resolve });
        return promise;
      },
    },
    attachment: {
      containerSeen: ask('seen'),
      dropStdout: ask('dropStdout'),
      takeStdout: ask('takeStdout'),
      close: ask('close'),
    },
    onEntries: () => undefined,
    onDiagnostic: () => undefined,
    room: () => Promise.resolve(),
    since: () => undefined,
    finished: () => false,
    onTrouble: () => undefined,
    onDrained: () => drained.push(clock.monotonic()),
  });
  return { logFollow, clock, asked, reads, drained };
}

describe('a container that was seen running', () => {
  it('is left to its attach for three seconds, however often it is seen', async () => {
    const { logFollow, clock, reads, asked } = follow();
    logFollow.containerSeen('running');
    await clock.advance(2_000);
    logFollow.containerSeen('running');
    await clock.advance(999);
    expect(reads).toHaveLength(0);
    await clock.advance(1);
    expect(reads.map((read) => read.follow)).toEqual([true]);
    expect(asked).toEqual(['seen', 'seen']); // nothing is taken from the attach before the log has brought something
    reads[0]?.speak();
    reads[0]?.speak();
    expect(asked.slice(2)).toEqual(['dropStdout']);
  });

  it('has its log followed as soon as no attach brings anything, and once', async () => {
    const { logFollow, clock, reads } = follow();
    logFollow.containerSeen('running');
    await clock.advance(100);
    logFollow.attachClosed();
    expect(reads).toHaveLength(1);
    logFollow.attachClosed();
    await clock.advance(10_000);
    expect(reads).toHaveLength(1);
  });

  it('has its log followed at once where an earlier operator captured it: the log has what was said meanwhile', () => {
    const { logFollow, reads } = follow({ resumed: true });
    logFollow.containerSeen('running');
    expect(reads).toHaveLength(1);
  });

  it('is not read any more once its capture is over', async () => {
    const { logFollow, clock, reads } = follow();
    logFollow.containerSeen('running');
    logFollow.close();
    await clock.advance(10_000);
    logFollow.attachClosed();
    expect(reads).toHaveLength(0);
  });

  it('speaks over an attach again where nobody may read its log, until somebody may', async () => {
    const { logFollow, clock, reads, asked } = follow();
    logFollow.containerSeen('running');
    await clock.advance(3_000);
    reads[0]?.speak();
    reads[0]?.end({ how: 'refused', status: 403, message: 'no' });
    await clock.advance(1_000);
    expect(asked).toEqual(['seen', 'dropStdout', 'takeStdout']);
    reads[1]?.speak();
    expect(asked.at(-1)).toBe('dropStdout');
  });
});

it('does not read the log of a container that nobody has seen', async () => {
  const { logFollow, clock, reads } = follow();
  logFollow.attachClosed();
  await clock.advance(10_000);
  expect(reads).toHaveLength(0);
});

describe('a container that has ended', () => {
  it.each<[string, ((one: LogFollow) => void)[]]>([
    ['unseen', []],
    ['within its three seconds', [(one) => one.containerSeen('running')]],
  ])('%s is read to the end at once, and nobody is told anything any more', async (_, before) => {
    const { logFollow, clock, reads, asked, drained } = follow();
    for (const act of before) act(logFollow);
    logFollow.containerSeen('ended');
    expect(reads.map((read) => read.follow)).toEqual([false]);
    expect(asked).toContain('close');
    expect(logFollow).toMatchObject({ ended: true, drained: false });
    reads[0]?.end({ how: 'eof' });
    await clock.advance(0);
    expect(logFollow.drained).toBe(true);
    await clock.advance(10_000);
    logFollow.containerSeen('ended');
    expect(reads).toHaveLength(1);
    expect(drained).toHaveLength(1);
  });

  it('and whose pod is gone is not read, and told to be drained once', async () => {
    const { logFollow, clock, reads, drained } = follow();
    logFollow.podGone();
    logFollow.podGone();
    logFollow.containerSeen('ended');
    await clock.advance(10_000);
    expect(logFollow).toMatchObject({ ended: true, drained: true });
    expect(drained).toHaveLength(1);
    expect(reads).toHaveLength(0);
  });
});
