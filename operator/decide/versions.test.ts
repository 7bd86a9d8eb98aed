import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../journal/types.ts';
import { decide } from './decide.ts';
import type { Observed } from './types.ts';
import { foreign, versionOf } from './versions.ts';

const run = (high: number, info: object): Run => ({ high, info }) as unknown as Run;
const hello = (v: number) => ({ drained: false, hello: { nonce: '', v, undumpable: true } });
const silent = { drained: false };

describe('the version of a run', () => {
  it.each([
    ['by its hello', { capture: hello(2), run: run(0, {}) }, 2],
    ['by its hello, whatever was stored', { capture: hello(2), run: run(5, { protocol: 1 }) }, 2],
    ['by what the store has of a hello', { capture: silent, run: run(5, { protocol: 2 }) }, 2],
    ['1 where an operator of version 1 stored it', { capture: silent, run: run(5, {}) }, 1],
    ['unknown before the hello', { capture: silent, run: run(0, {}) }, undefined],
    ['unknown before the claim', { capture: silent, run: undefined }, undefined],
  ])('%s', (_, observed, version) => expect(versionOf(observed)).toBe(version));
});

it.each([
  [0, true],
  [1, false],
  [2, false],
  [3, true],
  [Number.MAX_SAFE_INTEGER, true],
])('version %i is foreign: %j', (v, is) => {
  expect(foreign({ capture: hello(v), run: undefined }) !== undefined).toBe(is);
});

describe('a pod of a later operator, which this one followed by going back', () => {
  const NOW = Date.parse('2030-01-01T00:10:00Z');
  const observed = (permitted: boolean, pod: object): Observed =>
    ({
      uid: 'u',
      procedure: {
        metadata: { name: 'p', uid: 'u' },
        spec: { script: { inline: '' }, deadlines: { prepareSeconds: 600 }, startPolicy: 'Manual' },
        status: {
          claim: { time: '2030-01-01T00:09:00Z', podName: 'p-u' },
          ...(permitted && { permit: { nonce: 'n' } }),
        },
      },
      pod: { metadata: { name: 'p-u', uid: 'v' }, spec: { containers: [] }, ...pod },
      run: { high: 9, history: [['CREATING', 0]], end: null, finished: null, state: 'CREATING', info: { protocol: 3 } },
      capture: silent,
      settings: { toleranceMs: 60_000, stopAnswerMs: 500, drainMs: 30_000 },
    }) as unknown as Observed;
  const running = { status: { phase: 'Running' } };

  it('is ended at once while nothing is loaded', () => {
    const { actions } = decide(observed(false, running), NOW);
    expect(actions).toMatchObject([
      { do: 'deletePod', graceSeconds: 1 },
      { do: 'finish', verdict: { state: 'FAILED', reason: 'ProtocolVersion' } },
      { do: 'finishStatus' },
    ]);
  });

  it('gets its grace where a script may be running, and its verdict when it has ended', () => {
    expect(decide(observed(true, running), NOW)).toMatchObject({ actions: [{ do: 'deletePod', graceSeconds: 40 }] });
    const terminated = { exitCode: 143, finishedAt: '2030-01-01T00:09:00Z' };
    const status = { phase: 'Failed', containerStatuses: [{ name: 'main', state: { terminated } }] };
    expect(decide(observed(true, { status }), NOW).actions[0]).toMatchObject({
      do: 'finish',
      verdict: { state: 'FAILED', reason: 'ProtocolVersion' },
    });
  });
});
