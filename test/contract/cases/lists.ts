import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';

/** Makes ConfigMaps that carry a label of their own; returns that label. */
async function some(cluster: Cluster, count: number): Promise<string> {
  const set = cluster.unique('set');
  for (let index = 0; index < count; index++) {
    const labels = { set, parity: index % 2 === 0 ? 'even' : 'odd' };
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name: `${set}-${index}`, labels } });
  }
  return set;
}

const names = (list: { items: { metadata: { name: string } }[] }): string[] =>
  list.items.map(({ metadata }) => metadata.name.replace(/.*-/, ''));

/** Lists and selectors. */
export const LISTS: readonly ContractCase[] = [
  contract(
    'a list is sorted by name; its items have no kind of their own where the kind is built in',
    async (cluster) => {
      const set = await some(cluster, 3);
      const list = await cluster.must('GET', cluster.core('configmaps'), undefined, {
        query: { labelSelector: `set=${set}` },
      });

      expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(list.metadata.resourceVersion).toMatch(/^\d+$/);
      expect(names(list)).toEqual(['0', '1', '2']);
      expect(list.items[0].kind).toBeUndefined();
    },
  ),

  contract('an empty list has an empty array', async (cluster) => {
    const { json } = await cluster.call('GET', cluster.core('configmaps'), undefined, {
      query: { labelSelector: 'nobody=has-it' },
    });

    expect(json.items).toEqual([]);
  }),

  contract('label selectors: equality, sets, absence', async (cluster) => {
    const set = await some(cluster, 4);
    const list = async (selector: string): Promise<string[]> =>
      names(
        await cluster.must('GET', cluster.core('configmaps'), undefined, {
          query: { labelSelector: `set=${set},${selector}` },
        }),
      );

    expect(await list('parity=odd')).toEqual(['1', '3']);
    expect(await list('parity==odd')).toEqual(['1', '3']);
    expect(await list('parity!=odd')).toEqual(['0', '2']);
    expect(await list('parity in (odd, even)')).toEqual(['0', '1', '2', '3']);
    expect(await list('parity notin (even)')).toEqual(['1', '3']);
    expect(await list('parity,!colour')).toEqual(['0', '1', '2', '3']);
    expect(await list('!parity')).toEqual([]);
  }),

  contract('field selectors of metadata, and a refusal of others by name', async (cluster) => {
    const set = await some(cluster, 2);
    const query = (fieldSelector: string) =>
      cluster.call('GET', cluster.core('configmaps'), undefined, {
        query: { fieldSelector, labelSelector: `set=${set}` },
      });

    expect(names((await query(`metadata.name=${set}-1`)).json)).toEqual(['1']);
    expect(names((await query(`metadata.name!=${set}-1`)).json)).toEqual(['0']);
    expect(names((await query(`metadata.namespace=${cluster.namespace}`)).json)).toEqual(['0', '1']);
    expect((await query('data.a=b')).json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: expect.stringContaining(
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ),
    });
  }),

  contract('pods are found by their phase, their node and their restart policy', async (cluster) => {
    const pod = cluster.unique('selected');
    await cluster.pods.create(pod, 'print(1)');
    const ended = await cluster.pods.ended(pod);
    const query = async (fieldSelector: string): Promise<string[]> => {
      const list = await cluster.must('GET', cluster.pods.path, undefined, { query: { fieldSelector } });
      return list.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    };
    await cluster.pods.until(pod, 'its phase', ({ status }) => status.phase === 'Succeeded');

    expect(await query(`status.phase=Succeeded,metadata.name=${pod}`)).toEqual([pod]);
    expect(await query(`status.phase!=Succeeded,metadata.name=${pod}`)).toEqual([]);
    expect(await query(`spec.nodeName=${String(ended.spec.nodeName)},spec.restartPolicy=Never`)).toContain(pod);
  }),

  contract('pages: limit and continue give every object once, of one moment', async (cluster) => {
    const set = await some(cluster, 5);
    const page = (token?: string) =>
      cluster.must('GET', cluster.core('configmaps'), undefined, {
        query: { labelSelector: `set=${set}`, limit: 2, ...(token === undefined ? {} : { continue: token }) },
      });
    const first = await page();
    await cluster.must('DELETE', cluster.core('configmaps', `${set}-3`));
    const second = await page(first.metadata.continue);
    const third = await page(second.metadata.continue);

    expect([...names(first), ...names(second), ...names(third)]).toEqual(['0', '1', '2', '3', '4']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(third.metadata.continue).toBeUndefined();
  }),

  contract(
    'a list from a resourceVersion: too old is 410, not there yet is 504, none at all is 400',
    async (cluster) => {
      const query = (values: Record<string, string | number>) =>
        cluster.call('GET', cluster.core('configmaps'), undefined, { query: values });
      const zero = await query({ resourceVersion: 0 });
      const old = await query({ resourceVersion: 1, resourceVersionMatch: 'Exact', limit: 1 });
      const future = await query({ resourceVersion: 999_999_999, resourceVersionMatch: 'NotOlderThan' });
      const word = await query({ resourceVersion: 'x' });
      const lone = await query({ resourceVersionMatch: 'Exact' });

      expect(zero.code).toBe(200);
      // etcd forgets what is older than 5 to 10 minutes: a younger cluster still has its very first state.
      if (old.code === 200) expect(old.json.metadata.resourceVersion).toBe('1');
      else expect(old.json).toMatchObject({ code: 410, reason: 'Expired' });
      expect(future.json).toMatchObject({
        code: 504,
        reason: 'Timeout',
        message: expect.stringMatching(/^Timeout: Too large resource version: 999999999, current: \d+$/),
        details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
      });
      expect(word.code).toBe(400);
      expect(lone.json.message).toContain('resourceVersionMatch is forbidden unless resourceVersion is provided');
    },
  ),

  contract('bad selectors and continue tokens are 400', async (cluster) => {
    const label = await cluster.call('GET', cluster.core('configmaps'), undefined, {
      query: { labelSelector: 'a=b=c' },
    });
    const token = await cluster.call('GET', cluster.core('configmaps'), undefined, {
      query: { limit: 1, continue: 'zzz' },
    });

    expect(label.json).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(token.json).toMatchObject({ code: 400, message: expect.stringContaining('continue key is not valid') });
  }),
];
