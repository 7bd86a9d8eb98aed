import { expect } from '@jest/globals';
import { contract, knobbed } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { withKnobs } from '../harness/knobs.ts';

const write = (cluster: Cluster, name: string, labels: Record<string, string>, data: Record<string, string> = {}) =>
  cluster.must('POST', cluster.core('configmaps'), { metadata: { name, labels }, data });

/** Bookmarks: how far a watch has come, though nothing is told. */
export const BOOKMARKS: readonly ContractCase[] = [
  contract('sendInitialEvents: what exists, then a bookmark that says so', async (cluster) => {
    const set = cluster.unique('initial');
    await write(cluster, `${set}-a`, { set });
    const { metadata } = await write(cluster, `${set}-b`, { set });
    const watch = await cluster.watch(cluster.core('configmaps'), {
      labelSelector: `set=${set}`,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    });
    const { object } = await watch.find('the bookmark', ({ type }) => type === 'BOOKMARK');
    await cluster.must('DELETE', cluster.core('configmaps', `${set}-a`));
    await watch.find('the deletion', ({ type }) => type === 'DELETED');
    watch.close();

    expect(watch.told()).toEqual([`ADDED ${set}-a`, `ADDED ${set}-b`, 'BOOKMARK', `DELETED ${set}-a`]);
    expect(object.kind).toBe('ConfigMap');
    expect(object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(BigInt(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(BigInt(metadata.resourceVersion));
    const without = await cluster.call('GET', cluster.core('configmaps'), undefined, {
      query: { watch: true, sendInitialEvents: true },
    });
    expect(without).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('sendInitialEvents requires') },
    });
  }),

  contract('a watch that allows bookmarks and begins with what exists gets one after it', async (cluster) => {
    const set = cluster.unique('bookmark');
    const { metadata } = await write(cluster, set, { set });
    const query = { labelSelector: `set=${set}`, allowWatchBookmarks: true };
    const fresh = await cluster.watch(cluster.core('configmaps'), query);
    const later = await cluster.watch(cluster.core('configmaps'), {
      ...query,
      resourceVersion: metadata.resourceVersion,
    });
    const { object } = await fresh.find('the bookmark', ({ type }) => type === 'BOOKMARK');
    await cluster.must('PATCH', cluster.core('configmaps', set), { data: { a: '1' } });
    for (const watch of [fresh, later]) {
      await watch.find('the change', ({ type }) => type === 'MODIFIED');
      watch.close();
    }

    expect(fresh.told()).toEqual([`ADDED ${set}`, 'BOOKMARK', `MODIFIED ${set}`]);
    expect(later.told()).toEqual([`MODIFIED ${set}`]);
    expect(object).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
    });
    expect(BigInt(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(BigInt(metadata.resourceVersion));
  }),

  contract('a watch that timeoutSeconds will end has a bookmark just before', async (cluster) => {
    let told: string[] = [];
    let [reached, wanted] = [0n, 0n];
    // Two seconds before, by the server's clock: too late where it is busy, so not the first watch alone counts.
    for (let start = 0; start < 4 && (told.length === 0 || reached < wanted); start++) {
      const set = cluster.unique('before-end');
      const { metadata } = await write(cluster, set, { set });
      const watch = await cluster.watch(cluster.core('configmaps'), {
        labelSelector: `set=${set}`,
        resourceVersion: metadata.resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds: 10,
      });
      const other = await write(cluster, cluster.unique('unseen'), {});
      await watch.done;
      told = watch.told();
      reached = BigInt(watch.events().at(-1)?.object.metadata.resourceVersion ?? 0);
      wanted = BigInt(other.metadata.resourceVersion);
    }

    expect(new Set(told)).toEqual(new Set(['BOOKMARK'])); // a second may follow the first
    expect(reached).toBeGreaterThanOrEqual(wanted);
  }),

  knobbed('where nothing happens, a bookmark comes about every minute', (cluster) =>
    withKnobs(cluster.serverKnobs, { bookmarkMs: 500 }, async () => {
      const set = cluster.unique('minute');
      const { metadata } = await write(cluster, set, { set });
      const watch = await cluster.watch(cluster.core('configmaps'), {
        labelSelector: `set=${set}`,
        resourceVersion: metadata.resourceVersion,
        allowWatchBookmarks: true,
      });
      const other = await write(cluster, cluster.unique('unseen'), {});
      // The write may have taken so long that a bookmark was before it.
      const reaches = (version: string): boolean => BigInt(version) >= BigInt(other.metadata.resourceVersion);
      const { object } = await watch.find(
        'a bookmark of what was written elsewhere',
        (event) => event.type === 'BOOKMARK' && reaches(event.object.metadata.resourceVersion),
        240,
      );
      watch.close();

      expect(new Set(watch.told())).toEqual(new Set(['BOOKMARK']));
      expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    }),
  ),
];
