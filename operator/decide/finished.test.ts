/** What becomes of the pod of a finished run: deleted after its retention, and not while others need the node more. */
import { describe, expect, it } from '@jest/globals';
import { decide } from './decide.ts';
import type { Observed } from './types.ts';

const END = Date.parse('2030-01-01T00:10:00Z');

interface Given {
  readonly container?: 'running' | 'ended';
  /** Of other runs, how many containers are being waited for. */
  readonly starting?: number;
  readonly podSeconds?: number;
  readonly deleted?: boolean;
}

function finished({ container = 'ended', starting = 0, podSeconds = 0, deleted = false }: Given): Observed {
  const state = container === 'ended' ? { terminated: { exitCode: 0 } } : { running: {} };
  return {
    uid: 'u',
    procedure: {
      metadata: { name: 'p', uid: 'u' },
      spec: { retention: { podSeconds } },
      status: { phase: 'Finished', state: 'COMPLETE' },
    },
    pod: {
      metadata: { name: 'p-u', uid: 'v', ...(deleted && { deletionTimestamp: '2030-01-01T00:10:00Z' }) },
      spec: { containers: [] },
      status: {
        phase: container === 'ended' ? 'Succeeded' : 'Running',
        containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state }],
      },
    },
    run: { finished: END * 1000 },
    starting,
  } as unknown as Observed;
}

/** Looks whenever the plan says so; when the pod is deleted, ms after the end, and how often it looked before. */
function deletion(given: Given, limitMs = 600_000): { afterMs: number; looks: number } | undefined {
  let looks = 0;
  for (let now = END; now <= END + limitMs; looks++) {
    const { actions, requeueAt } = decide(finished(given), now);
    if (actions.length > 0) {
      expect(actions).toEqual([{ do: 'deletePod', pod: expect.anything(), graceSeconds: 30, reason: 'Retention' }]);
      return { afterMs: now - END, looks };
    }
    if (requeueAt === undefined) return undefined;
    expect(requeueAt).toBeGreaterThan(now);
    now = requeueAt;
  }
  return undefined;
}

describe('the pod of a finished run', () => {
  it.each<[string, Given, number]>([
    ['whose container has ended goes at once', {}, 0],
    ['goes at once while a few start', { starting: 4 }, 0],
    ['waits while many start, at most 15 s', { starting: 5 }, 15_000],
    ['waits for its container to end, at most 10 s', { container: 'running' }, 10_000],
    ['waits no longer for that while many start', { container: 'running', starting: 60 }, 10_000],
    ['is kept for its retention', { podSeconds: 60 }, 60_000],
    ['waits no longer than its retention says while many start', { podSeconds: 60, starting: 60 }, 60_000],
  ])('%s', (_, given, afterMs) => {
    expect(deletion(given)?.afterMs).toBe(afterMs);
  });

  it('is looked at every two seconds meanwhile: the others may be up by then', () => {
    expect(deletion({ starting: 60 })?.looks).toBe(8);
    const busy = decide(finished({ starting: 60 }), END);
    expect(busy).toEqual({ actions: [], requeueAt: END + 2_000 });
    expect(decide(finished({ starting: 0 }), END + 2_000).actions).toHaveLength(1);
  });

  it('that is being deleted already is left alone', () => {
    expect(decide(finished({ deleted: true }), END)).toEqual({ actions: [] });
  });
});

it('a finished run without a pod is let go', () => {
  expect(decide({ ...finished({}), pod: undefined }, END)).toEqual({ actions: [{ do: 'release' }] });
});
