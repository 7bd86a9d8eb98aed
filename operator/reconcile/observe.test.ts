/** When a pod's capture begins and ends. */
import { expect, it } from '@jest/globals';
import { LABELS } from '../../crds/constants.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { Captures } from './captures.ts';
import { Exclusivity } from './exclusivity.ts';
import { observe } from './observe.ts';
import { Pace } from './pace.ts';
import { ClusterView, type LivePod, type LiveProcedure } from './view.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const UNSCHEDULABLE = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] };

/** A claimed run, and what the operator makes of its pod. */
async function claimed() {
  const clock = new FakeClock();
  const view = new ClusterView();
  const store = new MemoryStore();
  const attaches: number[] = [];
  const captures = new Captures({
    ports: { journal: store, clock, log, session: 1 },
    streamsOf: () => ({
      attach: () => {
        attaches.push(clock.monotonic());
        return Promise.reject(new Error('no container'));
      },
      readLog: () => Promise.resolve({ how: 'broken' }),
    }),
    changed: () => undefined,
  });
  await store.openRun({ uid: 'u', namespace: 'n', name: 'p', id: 1, created: 0, info: {} });
  view.setProcedure({
    metadata: { name: 'p', uid: 'u', resourceVersion: '1' },
    spec: {},
    status: { claim: {} },
  } as unknown as LiveProcedure);
  const ports = {
    ...{ view, captures, clock, store: store.asStore(), exclusivity: new Exclusivity(() => undefined) },
    pace: new Pace({ least: 1, clock, wake: () => undefined }),
    failures: { create: new Map(), script: new Map() },
    settings: { toleranceMs: 0, stopAnswerMs: 0, drainMs: 0 },
  };
  let version = 1;
  /** Looks at the run again, with its pod as it is now. */
  const look = async (spec: object, status: object): Promise<number> => {
    const metadata = { name: 'p-u', uid: 'v', resourceVersion: `${++version}`, labels: { [LABELS.procedureUid]: 'u' } };
    view.setPod({ metadata, spec: { containers: [{}], ...spec }, status } as unknown as LivePod);
    await observe('u', { ...ports, pods: undefined as never }); // nothing is asked for: the pod is known
    return captures.size;
  };
  return { look, captures, clock, attaches };
}

it('a pod is captured from its creation on, and not while it waits for a place', async () => {
  const { look, captures, clock, attaches } = await claimed();
  expect(await look({}, {})).toBe(1);
  await clock.advance(500);
  expect(attaches.length).toBeGreaterThan(0);

  expect(await look({}, UNSCHEDULABLE)).toBe(0);
  const tried = attaches.length;
  await clock.advance(600_000);
  expect(attaches).toHaveLength(tried);

  expect(await look({ nodeName: 'node1' }, { conditions: [{ type: 'PodScheduled', status: 'True' }] })).toBe(1);
  await clock.advance(500);
  expect(attaches.length).toBeGreaterThan(tried);
  captures.closeAll();
});
