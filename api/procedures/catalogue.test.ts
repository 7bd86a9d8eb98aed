import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StoredProcedure } from '../ports.ts';
import { FakeKubernetes } from '../testing/fake-kubernetes.ts';
import { silent } from '../../kube/logger.ts';
import { Catalogue } from './catalogue.ts';
import { confirmUnseen } from './confirm.ts';
import { procedureFor } from './resource.ts';

const request = {
  script: { view: { script_type: 'filesystem', script_uri: 'file:///a' }, spec: { script: { file: 'file:///a' } } },
  args: {},
} as const;
const input = (id: number) => procedureFor(request, { namespace: 'n', id, created: 1 });
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Catalogue', () => {
  it('is never older than what we wrote, and in the end what the watch says', async () => {
    const step = fc.record({
      do: fc.constantFrom('create', 'patch', 'delete', 'foreign delete', 'status', 'deliver'),
      id: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const kubernetes = new FakeKubernetes();
        const catalogue = new Catalogue();
        const held: (() => void)[] = [];
        kubernetes.watch((change) => held.push(() => catalogue.apply(change)));
        const deliver = async (): Promise<void> => {
          await settle();
          for (const each of held.splice(0)) each();
        };
        for (const { do: what, id } of steps) {
          const name = `procedure-${id}`;
          const known = kubernetes.objects.get(name);
          if (what === 'deliver') await deliver();
          else if (what === 'create' && !known) {
            catalogue.noteWritten(await kubernetes.create(input(id)));
            expect(catalogue.get(id)).toBe(kubernetes.objects.get(name));
          } else if (what === 'patch' && known && !known.spec.start) {
            catalogue.noteWritten(await kubernetes.mergePatch(name, { spec: { start: {} } }));
            expect(catalogue.get(id)?.spec.start).toEqual({});
          } else if (what === 'delete' && known) {
            catalogue.noteDeleted(known);
            await kubernetes.delete(name, { uid: known.metadata.uid });
            expect(catalogue.get(id)).toBeUndefined();
          } else if (what === 'foreign delete' && known) await kubernetes.delete(name, { uid: known.metadata.uid });
          else if (what === 'status' && known) kubernetes.setStatus(name, { id, state: 'IDLE' });
        }
        await deliver();
        expect(catalogue.list().map(({ metadata }) => metadata)).toEqual(
          [...kubernetes.objects.values()].map(({ metadata }) => metadata).sort((a, b) => a.name.localeCompare(b.name)),
        );
        expect(catalogue.unseen()).toEqual([]);
      }),
    );
  });

  it('takes away what came and went while the watch was broken, and only that', async () => {
    const kubernetes = new FakeKubernetes();
    const catalogue = new Catalogue();
    const objects: StoredProcedure[] = [];
    for (const id of [1, 2]) objects.push(await kubernetes.create(input(id)));
    for (const object of objects) catalogue.noteWritten(object);
    await kubernetes.delete('procedure-1', { uid: objects[0]!.metadata.uid });
    const stop = new AbortController();
    let rounds = 0;
    const sleep = async (): Promise<void> => {
      if (++rounds === 3) stop.abort();
    };
    const clock = { now: () => 0, sleep };

    await confirmUnseen(catalogue, kubernetes, { clock, logger: silent }, stop.signal);

    expect(catalogue.list().map(({ metadata }) => metadata.name)).toEqual(['procedure-2']);
  });
});
