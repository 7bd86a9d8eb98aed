import { describe, expect, it } from '@jest/globals';
import { KubeError } from '../../kube/index.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { Attachment } from './attachment.ts';
import { Crowd } from './crowd.ts';
import type { Link } from './ports.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Containers one after the other, each up so many ms after its pod was made; when each was tried. */
async function triesOf(crowd: Crowd, upAfterMs: number, pods: number): Promise<number[][]> {
  const all: number[][] = [];
  for (let pod = 0; pod < pods; pod++) {
    const clock = new FakeClock();
    const tries: number[] = [];
    let answered = false;
    const attach = (): Promise<Link> => {
      tries.push(clock.monotonic());
      if (clock.monotonic() < upAfterMs) return Promise.reject(new KubeError('no container', { status: 400 }));
      return Promise.resolve({
        open: true,
        closed: new Promise(() => undefined),
        onStdout: (take) => {
          answered = true;
          take(Buffer.from('hello'));
        },
        write: () => Promise.resolve(),
        close: () => undefined,
      });
    };
    const attachment = new Attachment({
      streams: { attach, readLog: () => Promise.reject(new Error('no log is read')) },
      clock,
      log,
      crowd,
      onStdout: () => undefined,
      onOpen: () => undefined,
      onRefused: () => undefined,
      onClosed: () => undefined,
    });
    attachment.want();
    while (!answered) await clock.advance(1);
    attachment.close();
    all.push(tries);
  }
  return all;
}

describe('the first try', () => {
  it('comes after 150 ms where nothing is known', async () => {
    expect(await triesOf(new Crowd(), 0, 1)).toEqual([[150]]);
  });

  it('comes ever sooner where containers are there at once, and only now and then too soon', async () => {
    const learned = (await triesOf(new Crowd(), 30, 40)).slice(20);
    expect(Math.max(...learned.map((tries) => tries.at(-1) ?? 0))).toBeLessThanOrEqual(75);
    expect(learned.filter((tries) => tries.length > 1).length).toBeLessThanOrEqual(learned.length / 3);
  });

  it('stays where it is on a node that needs longer', async () => {
    const tries = await triesOf(new Crowd(), 240, 10);
    expect(tries.every(([first]) => first === 150)).toBe(true);
  });

  it('comes late again on a cluster that has become slow', async () => {
    const crowd = new Crowd();
    await triesOf(crowd, 30, 20);
    const tries = (await triesOf(crowd, 240, 10)).slice(-5);
    expect(tries.every(([first]) => first === 150)).toBe(true);
  });
});
