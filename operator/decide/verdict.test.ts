import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../kube/index.ts';
import type { Observed, StopRequest } from './types.ts';
import { verdictOfPod } from './verdict.ts';

const STOP: StopRequest = { reason: 'user', message: 'enough', mode: 'Graceful', graceSeconds: 10 };

/** A pod whose container ended, with this in the termination log. */
function ended(message: string, rest: { deleted?: boolean; status?: Partial<NonNullable<Pod['status']>> } = {}): Pod {
  const terminated = { exitCode: 143, reason: 'Error', message };
  return {
    metadata: { name: 'p', ...(rest.deleted === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: { containers: [] },
    status: {
      phase: 'Failed',
      containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state: { terminated } }],
      ...rest.status,
    },
  } as unknown as Pod;
}

const observed = (pod: Pod): Observed =>
  ({ procedure: { metadata: {}, spec: {}, status: {} }, pod, capture: { drained: true } }) as unknown as Observed;

describe('the termination log, where the journal did not arrive', () => {
  const external = '{"state":"FAILED","reason":"External","exitCode":143}';

  it.each<[string, Pod, StopRequest | undefined, object]>([
    ['its own verdict', ended('{"state":"COMPLETE","reason":"Completed"}'), undefined, { state: 'COMPLETE' }],
    [
      'a stop that was not delivered',
      ended(external, { deleted: true }),
      STOP,
      { state: 'STOPPED', reason: 'Stopped' },
    ],
    ['a deletion', ended(external, { deleted: true }), undefined, { state: 'FAILED', reason: 'PodDeleted' }],
    [
      'an eviction',
      ended(external, { status: { reason: 'Evicted' } }),
      undefined,
      { state: 'FAILED', reason: 'Evicted' },
    ],
    ['nobody', ended(external), undefined, { state: 'FAILED', reason: 'Interrupted' }],
  ])('explains the end by %s', (_, pod, stop, verdict) => {
    expect(verdictOfPod(observed(pod), pod, stop, 0)).toMatchObject(verdict);
  });
});
