import { describe, expect, it } from '@jest/globals';
import { decide } from './decide.ts';
import type { Observed } from './types.ts';

const NOW = Date.parse('2030-01-01T00:10:00Z');

/** A claimed procedure whose pod is over, as its kubelet tells. */
function observed(status: object, capture: object = {}): Observed {
  return {
    uid: 'u',
    procedure: {
      metadata: { name: 'p', uid: 'u' },
      spec: {
        script: { inline: '' },
        deadlines: { prepareSeconds: 600 },
        retention: { podSeconds: 0 },
        startPolicy: 'Manual',
      },
      status: { claim: { time: '2030-01-01T00:09:00Z', podName: 'p-u' }, phase: 'Active', state: 'CREATING' },
    },
    pod: {
      metadata: { name: 'p-u', uid: 'v', creationTimestamp: '2030-01-01T00:09:00Z' },
      spec: { containers: [] },
      status,
    },
    gonePod: undefined,
    run: { high: 0, history: [['CREATING', 0]], end: null, finished: null, state: 'CREATING', info: {} },
    capture: { drained: false, ...capture },
    heldBy: undefined,
    createFailure: undefined,
    scriptFailure: undefined,
    settings: { toleranceMs: 60_000, stopAnswerMs: 500, drainMs: 30_000 },
  } as unknown as Observed;
}

describe('a pod that is over without a container', () => {
  it('was refused by its node, which says why: there is nothing to wait for', () => {
    const refused = { phase: 'Failed', reason: 'OutOfcpu', message: 'Pod was rejected: too little cpu' };
    expect(decide(observed(refused), NOW).actions[0]).toMatchObject({
      do: 'finish',
      verdict: { state: 'FAILED', reason: 'OutOfcpu', message: 'Pod was rejected: too little cpu' },
    });
  });

  it('and had spoken before: its log is waited for, but not for ever', () => {
    const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: '2030-01-01T00:09:50Z' }];
    const hello = { hello: { nonce: '0', v: 2, undumpable: true } };
    const lost = observed({ phase: 'Failed', conditions }, hello);
    expect(decide(lost, NOW)).toEqual({ actions: [], requeueAt: NOW + 20_000 });
    expect(decide(lost, NOW + 20_000).actions[0]).toMatchObject({ do: 'finish', verdict: { reason: 'RunnerFailed' } });
  });
});
