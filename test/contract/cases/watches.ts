import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { makeKind } from '../harness/kind.ts';

const write = (cluster: Cluster, name: string, labels: Record<string, string>, data: Record<string, string> = {}) =>
  cluster.must('POST', cluster.core('configmaps'), { metadata: { name, labels }, data });

/** Watches: what they tell, in which order, and how they end. */
export const WATCHES: readonly ContractCase[] = [
  contract('a watch from a list tells every later change, in order, once', async (cluster) => {
    const set = cluster.unique('replay');
    const selector = { labelSelector: `set=${set}` };
    await write(cluster, `${set}-old`, { set });
    const list = await cluster.must('GET', cluster.core('configmaps'), undefined, { query: selector });
    await write(cluster, `${set}-new`, { set });
    const changed = await cluster.must('PATCH', cluster.core('configmaps', `${set}-old`), { data: { a: '1' } });
    await cluster.must('DELETE', cluster.core('configmaps', `${set}-new`));
    // Opened after the fact: all of this is replayed.
    const watch = await cluster.watch(cluster.core('configmaps'), {
      ...selector,
      resourceVersion: list.metadata.resourceVersion,
    });
    await cluster.must('DELETE', cluster.core('configmaps', `${set}-old`));
    const last = await watch.find(
      'the last',
      ({ type, object }) => type === 'DELETED' && object.metadata.name.endsWith('old'),
    );
    watch.close();

    expect(watch.told()).toEqual([
      `ADDED ${set}-new`,
      `MODIFIED ${set}-old`,
      `DELETED ${set}-new`,
      `DELETED ${set}-old`,
    ]);
    expect(watch.events()[1]!.object).toEqual(changed);
    expect(last.object.data).toEqual({ a: '1' });
    // A DELETED carries the version of the deletion, from which a watch goes on.
    expect(BigInt(last.object.metadata.resourceVersion)).toBeGreaterThan(BigInt(changed.metadata.resourceVersion));
    expect(last.object.kind).toBe('ConfigMap');
  }),

  contract('a watch without a resourceVersion begins with what exists', async (cluster) => {
    const set = cluster.unique('exists');
    await write(cluster, `${set}-a`, { set });
    const unset = await cluster.watch(cluster.core('configmaps'), { labelSelector: `set=${set}` });
    const zero = await cluster.watch(cluster.core('configmaps'), { labelSelector: `set=${set}`, resourceVersion: 0 });
    for (const watch of [unset, zero]) {
      await watch.find('the object', ({ type }) => type === 'ADDED');
      watch.close();
      expect(watch.told()).toEqual([`ADDED ${set}-a`]);
    }
  }),

  contract('an object that leaves the label selector is DELETED, one that enters is ADDED', async (cluster) => {
    const set = cluster.unique('labels');
    const path = cluster.core('configmaps', set);
    const { metadata } = await write(cluster, set, { set, state: 'in' });
    const watch = await cluster.watch(cluster.core('configmaps'), {
      labelSelector: `set=${set},state=in`,
      resourceVersion: metadata.resourceVersion,
    });
    const left = await cluster.must('PATCH', path, { metadata: { labels: { state: 'out' } } });
    await cluster.must('PATCH', path, { data: { unseen: 'yes' } });
    await cluster.must('PATCH', path, { metadata: { labels: { state: 'in' } } });
    await watch.find('the return', ({ type }) => type === 'ADDED');
    watch.close();

    expect(watch.told()).toEqual([`DELETED ${set}`, `ADDED ${set}`]);
    expect(watch.events()[0]!.object.metadata.labels.state).toBe('in');
    expect(watch.events()[0]!.object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
  }),

  contract('a resource that leaves a selector of its status is DELETED as it was, and exists', async (cluster) => {
    const status = { type: 'object', properties: { state: { type: 'string' } } };
    const kind = await makeKind(
      cluster,
      { status },
      {
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.status.state' }],
      },
    );
    await cluster.must('POST', kind.path, kind.thing('one'));
    const watch = await cluster.watch(kind.path, { fieldSelector: 'status.state!=Done' });
    await watch.find('the object', ({ type }) => type === 'ADDED');
    await cluster.must('PATCH', `${kind.path}/one/status`, { status: { state: 'Running' } });
    const done = await cluster.must('PATCH', `${kind.path}/one/status`, { status: { state: 'Done' } });
    const { object } = await watch.find('the leave', ({ type }) => type === 'DELETED');
    watch.close();

    expect(watch.told()).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    expect(object.status.state).toBe('Running');
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(object.metadata.resourceVersion).toBe(done.metadata.resourceVersion);
    expect((await cluster.call('GET', `${kind.path}/one`)).json.status.state).toBe('Done');
    const list = (fieldSelector: string) => cluster.must('GET', kind.path, undefined, { query: { fieldSelector } });
    expect((await list('status.state=Done')).items).toHaveLength(1);
    expect((await list('status.state!=Done')).items).toHaveLength(0);
    const unknown = await cluster.call('GET', kind.path, undefined, { query: { fieldSelector: 'spec.x=1' } });
    expect(unknown).toMatchObject({ code: 400, json: { message: expect.stringContaining('spec.x') } });
  }),

  contract('a watch by name sees that object only', async (cluster) => {
    const set = cluster.unique('named');
    const { metadata } = await write(cluster, `${set}-a`, { set });
    const watch = await cluster.watch(cluster.core('configmaps'), {
      fieldSelector: `metadata.name=${set}-b`,
      resourceVersion: metadata.resourceVersion,
    });
    await cluster.must('PATCH', cluster.core('configmaps', `${set}-a`), { data: { a: '1' } });
    await write(cluster, `${set}-b`, { set });
    await watch.find('the object', ({ type }) => type === 'ADDED');
    watch.close();

    expect(watch.told()).toEqual([`ADDED ${set}-b`]);
  }),

  contract('a watch over all namespaces sees this one', async (cluster) => {
    const set = cluster.unique('all');
    const watch = await cluster.watch('/api/v1/configmaps', { labelSelector: `set=${set}` });
    await write(cluster, set, { set });
    const event = await watch.find('the object', ({ type }) => type === 'ADDED');
    watch.close();

    expect(event.object.metadata.namespace).toBe(cluster.namespace);
  }),

  contract('timeoutSeconds ends a watch properly', async (cluster) => {
    const set = cluster.unique('timeout');
    const started = performance.now();
    const watch = await cluster.watch(cluster.core('configmaps'), { labelSelector: `set=${set}`, timeoutSeconds: 15 });
    await write(cluster, set, { set });
    await watch.done;
    const ms = performance.now() - started;

    expect(ms).toBeGreaterThan(14_900);
    expect(watch.told()).toEqual([`ADDED ${set}`]);
  }),

  contract('a watch from a resourceVersion that is forgotten gets an ERROR with 410', async (cluster) => {
    const kind = await makeKind(cluster, {});
    const watch = await cluster.watch(kind.path, { resourceVersion: 1 });
    await watch.done;

    expect(watch.code).toBe(200);
    expect(watch.events()).toHaveLength(1);
    expect(watch.events()[0]).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        status: 'Failure',
        reason: 'Expired',
        code: 410,
        message: expect.stringContaining('too old resource version: 1'),
      },
    });
  }),

  contract('all watchers of a kind are told the same', async (cluster) => {
    const set = cluster.unique('many');
    const watches = await Promise.all(
      Array.from({ length: 5 }, () => cluster.watch(cluster.core('configmaps'), { labelSelector: `set=${set}` })),
    );
    for (const suffix of ['a', 'b', 'c']) await write(cluster, `${set}-${suffix}`, { set });
    for (const watch of watches) {
      await watch.find('the last', ({ object }) => object.metadata.name === `${set}-c`);
      watch.close();
      expect(watch.told()).toEqual([`ADDED ${set}-a`, `ADDED ${set}-b`, `ADDED ${set}-c`]);
    }
  }),
];
