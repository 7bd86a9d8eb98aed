import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { failure } from '../harness/status.ts';

const JSON_PATCH = { type: 'application/json-patch+json' };
const STRATEGIC = { type: 'application/strategic-merge-patch+json' };
const PROTOBUF = { type: 'application/vnd.kubernetes.protobuf' };

/** A field of a message whose content is bytes of fewer than 128. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** `k8s\\0`, then a runtime.Unknown around a ConfigMap. */
function configMapAsProtobuf(name: string, key: string, value: string): Buffer {
  const typeMeta = Buffer.concat([field(1, 'v1'), field(2, 'ConfigMap')]);
  const entry = Buffer.concat([field(1, key), field(2, value)]);
  const raw = Buffer.concat([field(1, field(1, name)), field(2, entry)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, raw)]);
}

/** Patches of built-in kinds, and bodies that are no JSON. */
export const PATCHES: readonly ContractCase[] = [
  contract('a merge patch: null removes, what is not named stays', async (cluster) => {
    const name = cluster.unique('merge');
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name }, data: { a: '1', b: '2' } });
    const { code, json } = await cluster.call('PATCH', cluster.core('configmaps', name), {
      metadata: { labels: { x: 'y' } },
      data: { a: null, c: '3' },
    });

    expect(code).toBe(200);
    expect(json.data).toEqual({ b: '2', c: '3' });
    expect(json.metadata.labels).toEqual({ x: 'y' });
  }),

  contract('a change that changes nothing keeps the resourceVersion and tells no watcher', async (cluster) => {
    const name = cluster.unique('same');
    const path = cluster.core('configmaps', name);
    const first = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name }, data: { a: '1' } });
    const watch = await cluster.watch(cluster.core('configmaps'), {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: first.metadata.resourceVersion,
    });
    const patched = await cluster.must('PATCH', path, { data: { a: '1' } });
    const put = await cluster.must('PUT', path, first);
    await cluster.must('PATCH', path, { data: { a: '2' } });
    const event = await watch.find('the change', ({ object }) => object.data.a === '2');
    watch.close();

    expect(patched.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(put.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(watch.events()).toEqual([event]);
  }),

  contract('a JSON patch is carried out as a whole, or not at all', async (cluster) => {
    const name = cluster.unique('jsonpatch');
    const path = cluster.core('configmaps', name);
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name }, data: { a: '1' } });
    const test = (value: string): object => ({ op: 'test', path: '/data/a', value });
    const add = { op: 'add', path: '/data/b', value: '2' };
    const refused = failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

    expect((await cluster.call('PATCH', path, [add, test('9')], JSON_PATCH)).json).toEqual(refused);
    expect((await cluster.call('PATCH', path, [{ op: 'remove', path: '/data/no' }], JSON_PATCH)).json).toEqual(refused);
    expect((await cluster.call('GET', path)).json.data).toEqual({ a: '1' });
    expect((await cluster.must('PATCH', path, [test('1'), add], JSON_PATCH)).data).toEqual({ a: '1', b: '2' });
  }),

  contract('a strategic merge patch changes labels and data of a ConfigMap', async (cluster) => {
    const name = cluster.unique('strategic');
    await cluster.must('POST', cluster.core('configmaps'), {
      metadata: { name, labels: { a: 'b' } },
      data: { a: '1' },
    });
    const patch = { metadata: { labels: { c: 'd' } }, data: { a: null, b: '2' } };
    const json = await cluster.must('PATCH', cluster.core('configmaps', name), patch, STRATEGIC);

    expect(json.data).toEqual({ b: '2' });
    expect(json.metadata.labels).toEqual({ a: 'b', c: 'd' });
  }),

  contract('a strategic merge patch merges lists by key where the kind says so', async (cluster) => {
    const name = cluster.unique('keyed');
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${cluster.namespace}/rolebindings/${name}`;
    const finalizers = ['contract.example.com/a', 'contract.example.com/b'];
    const account = await cluster.must('POST', cluster.core('serviceaccounts'), {
      metadata: { name, finalizers },
      secrets: [{ name: 'a' }, { name: 'b' }],
    });
    const at = cluster.core('serviceaccounts', name);
    const merged = await cluster.must('PATCH', at, { secrets: [{ name: 'b' }, { name: 'c' }] }, STRATEGIC);
    const removed = await cluster.must('PATCH', at, { secrets: [{ $patch: 'delete', name: 'a' }] }, STRATEGIC);
    const replaced = await cluster.must('PATCH', at, { secrets: [{ $patch: 'replace' }, { name: 'd' }] }, STRATEGIC);
    const freed = await cluster.must(
      'PATCH',
      at,
      { metadata: { '$deleteFromPrimitiveList/finalizers': [finalizers[0]] } },
      STRATEGIC,
    );
    await cluster.must('PATCH', at, { metadata: { finalizers: null } }, STRATEGIC);

    expect(account.secrets).toHaveLength(2);
    const byName = (list: { name: string }[]): object[] => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(byName(merged.secrets)).toEqual([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    expect(byName(removed.secrets)).toEqual([{ name: 'b' }, { name: 'c' }]);
    expect(replaced.secrets).toEqual([{ name: 'd' }]);
    expect(freed.metadata.finalizers).toEqual([finalizers[1]]);
    expect((await cluster.call('PATCH', path, {}, STRATEGIC)).code).toBe(404);
  }),

  contract(
    'a body may be protobuf, as kubectl’s typed commands send it; an answer in JSON may be asked for',
    async (cluster) => {
      const name = cluster.unique('proto');
      const { code, json } = await cluster.call(
        'POST',
        cluster.core('configmaps'),
        configMapAsProtobuf(name, 'a', 'b'),
        PROTOBUF,
      );
      const broken = await cluster.call('POST', cluster.core('configmaps'), Buffer.from('k8s\0nonsense'), {
        type: 'application/vnd.kubernetes.protobuf',
      });

      expect(code).toBe(201);
      expect(json).toMatchObject({ kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
      expect(broken.code).toBe(400);
    },
  ),
];
