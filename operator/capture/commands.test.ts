import { describe, expect, it } from '@jest/globals';
import { Commands } from './commands.ts';
import type { Answer } from './mailbox.ts';

const OK: Answer = { ok: true };

/** Commands whose mailbox is a list, and whose clock says how many messages there were. */
function commands() {
  const posted: { key: string; m: unknown; answer: (answer: Answer) => void }[] = [];
  let changes = 0;
  const made = new Commands({
    mailbox: { post: (key, { m }, answer) => void posted.push({ key, m, answer }) },
    now: () => posted.length,
    changed: () => changes++,
  });
  return { commands: made, posted, changes: () => changes };
}

const stop = (mode: 'Graceful' | 'Immediate') =>
  ({ reason: 'user', message: 'enough', mode, graceSeconds: 10 }) as const;

describe('prepare', () => {
  it('waits for the answer to boot', () => {
    const { commands: made, posted } = commands();
    made.prepare('n', { source: 's', sha256: 'h' }, {});
    made.prepare('n', { source: 's', sha256: 'h' }, {});
    expect(posted.map(({ m }) => m)).toEqual(['boot']);
    posted[0]?.answer(OK);
    expect(posted.map(({ m }) => m)).toEqual(['boot', 'prepare']);
    expect(made.view()).toEqual({ prepare: { since: 0 } });
    posted[1]?.answer(OK);
    expect(made.view()).toEqual({ prepare: { since: 0, answer: OK } });
  });

  it('is answered by a refusal of boot', () => {
    const { commands: made, posted, changes } = commands();
    made.prepare('n', { source: 's', sha256: 'h' }, {});
    const refused = { ok: false, code: 'bad-digest' };
    posted[0]?.answer(refused);
    expect(made.view().prepare?.answer).toEqual(refused);
    expect(posted).toHaveLength(1);
    expect(changes()).toBe(1);
  });
});

describe('start', () => {
  it.each([
    ['under way', undefined, 1],
    ['accepted', OK, 1],
    ['refused for good', { ok: false, code: 'stopped' }, 1],
    ['refused because nothing was prepared yet', { ok: false, code: 'not-ready' }, 2],
  ])('that is %s', (_, answer, messages) => {
    const { commands: made, posted } = commands();
    made.main('n', '{}');
    if (answer) posted[0]?.answer(answer);
    made.main('n', '{}');
    expect(posted).toHaveLength(messages);
  });
});

it('an answer to a graceful stop is none to the immediate one that came meanwhile', () => {
  const { commands: made, posted } = commands();
  made.stop('n', stop('Graceful'));
  made.stop('n', stop('Graceful'));
  made.stop('n', stop('Immediate'));
  expect(posted.map(({ key }) => key)).toEqual(['stop Graceful', 'stop Immediate']);
  posted[0]?.answer(OK);
  expect(made.view().stop).toEqual({ since: 1, mode: 'Immediate' });
  posted[1]?.answer(OK);
  expect(made.view().stop).toEqual({ since: 1, mode: 'Immediate', answer: OK });
});
