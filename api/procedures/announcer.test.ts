import { expect, it } from '@jest/globals';
import pino from 'pino';
import type { Announcement } from './announcer.ts';
import { Announcer } from './announcer.ts';

const event = (topic: string): Announcement => ({ topic, fields: {} });

it('stores what is announced at any moment of a commit, in order, none left behind', async () => {
  for (let turns = 0; turns < 8; turns++) {
    const stored: string[] = [];
    const publish = (_: string, batch: readonly Announcement[]): Promise<void> => {
      stored.push(...batch.map(({ topic }) => topic));
      return Promise.resolve();
    };
    const announcer = new Announcer({ publish } as never, 'n', pino({ enabled: false }));
    announcer.announce(event('first'));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    announcer.announce(event('second'));
    await announcer.flushed();
    expect(stored).toEqual(['first', 'second']);
  }
});

it('goes on after a store that throws', async () => {
  const stored: string[] = [];
  const publish = (_: string, [{ topic } = event('')]: readonly Announcement[]): Promise<void> => {
    if (topic === 'lost') throw new Error('no store');
    stored.push(topic);
    return Promise.resolve();
  };
  const announcer = new Announcer({ publish } as never, 'n', pino({ enabled: false }));
  announcer.announce(event('lost'));
  await announcer.flushed();
  announcer.announce(event('kept'));
  await announcer.flushed();
  expect(stored).toEqual(['kept']);
});
