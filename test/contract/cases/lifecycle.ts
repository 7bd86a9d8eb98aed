import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { collectorKnowsProcedures } from '../harness/collector.ts';
import { IDLE } from '../harness/pods.ts';
import { until } from '../harness/poll.ts';
import { INLINE, procedure } from '../harness/procedures.ts';

const HOLD = 'contract.example.com/hold';
const NOBODY = '11111111-1111-4111-8111-111111111111';

/** A Procedure, and a reference to it for those it owns, from when on they are collected. */
async function owner(cluster: Cluster): Promise<{ name: string; reference: Record<string, unknown> }> {
  await collectorKnowsProcedures(cluster);
  const name = cluster.unique('owner');
  const { apiVersion, kind, metadata } = await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
  return { name, reference: { apiVersion, kind, name, uid: metadata.uid, controller: true, blockOwnerDeletion: true } };
}

async function owned(
  cluster: Cluster,
  reference: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<string> {
  const name = cluster.unique('owned');
  await cluster.must('POST', cluster.core('configmaps'), { metadata: { name, ownerReferences: [reference], ...more } });
  return cluster.core('configmaps', name);
}

/**
 * Waits until the collector has seen what was made before: it knows the owned by a watch of their kind, and asks nobody else when an
 * owner is deleted with Orphan or Foreground. What it takes away here came by the same watch, after those.
 */
async function collectorCaughtUp(cluster: Cluster, reference: Record<string, unknown>): Promise<void> {
  await gone(cluster, await owned(cluster, { ...reference, name: 'nobody', uid: NOBODY }));
}

const gone = (cluster: Cluster, path: string): Promise<unknown> =>
  until(`the removal of ${path}`, async () => (await cluster.call('GET', path)).code === 404);

/** Finalizers, owners, namespaces: what goes when. */
export const LIFECYCLE: readonly ContractCase[] = [
  contract('a finalizer holds a deleted object until it is taken off', async (cluster) => {
    const name = cluster.unique('held');
    const path = cluster.core('configmaps', name);
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name, finalizers: [HOLD] } });
    const marked = await cluster.must('DELETE', path);
    const again = await cluster.call('POST', cluster.core('configmaps'), { metadata: { name } });
    const more = await cluster.call('PATCH', path, { metadata: { finalizers: [HOLD, 'contract.example.com/more'] } });
    const watch = await cluster.watch(cluster.core('configmaps'), {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: marked.metadata.resourceVersion,
    });
    const freed = await cluster.call('PATCH', path, { metadata: { finalizers: null } });
    await watch.find('the removal', ({ type }) => type === 'DELETED');
    watch.close();

    expect(marked.metadata).toMatchObject({ finalizers: [HOLD], deletionGracePeriodSeconds: 0 });
    expect(marked.metadata.deletionTimestamp).toMatch(/Z$/);
    expect(again.json).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: `object is being deleted: configmaps "${name}" already exists`,
    });
    expect(more.json.message).toContain('no new finalizers can be added if the object is being deleted');
    expect(freed.code).toBe(200);
    expect(watch.told()).toEqual([`DELETED ${name}`]);
    expect((await cluster.call('GET', path)).code).toBe(404);
  }),

  contract('what a deleted owner owned goes after it, by uid', async (cluster) => {
    const { name, reference } = await owner(cluster);
    const mine = await owned(cluster, reference);
    const pod = cluster.unique('owned-pod');
    await cluster.pods.create(pod, IDLE, { meta: { ownerReferences: [reference] } });
    await cluster.must('DELETE', cluster.procedures(name));

    await gone(cluster, mine);
    await cluster.pods.gone(pod);
  }),

  contract('what names an owner that is not there, or another of that name, goes', async (cluster) => {
    const { name, reference } = await owner(cluster);
    const missing = await owned(cluster, { ...reference, name: 'nobody', uid: NOBODY });
    const stale = await owned(cluster, { ...reference, uid: NOBODY });
    const mine = await owned(cluster, reference);

    await gone(cluster, missing);
    await gone(cluster, stale);
    expect((await cluster.call('GET', mine)).code).toBe(200);
    expect((await cluster.call('GET', cluster.procedures(name))).code).toBe(200);
  }),

  contract('with a second owner that lives, it stays and loses the first', async (cluster) => {
    const one = await owner(cluster);
    const other = await owner(cluster);
    const name = cluster.unique('shared');
    const path = cluster.core('configmaps', name);
    const ownerReferences = [one.reference, { ...other.reference, controller: false }];
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name, ownerReferences } });
    await cluster.must('DELETE', cluster.procedures(one.name));
    const left = await until('the loss of an owner', async () => {
      const { json } = await cluster.call('GET', path);
      return json.metadata?.ownerReferences?.length === 1 && json;
    });

    expect(left.metadata.ownerReferences[0].name).toBe(other.name);
  }),

  contract('Orphan leaves the owned behind, without an owner', async (cluster) => {
    const { name, reference } = await owner(cluster);
    const mine = await owned(cluster, reference);
    await collectorCaughtUp(cluster, reference);
    await cluster.must('DELETE', cluster.procedures(name), { propagationPolicy: 'Orphan' });
    await gone(cluster, cluster.procedures(name));
    const { code, json } = await cluster.call('GET', mine);

    expect(code).toBe(200);
    expect(json.metadata.ownerReferences).toBeUndefined();
  }),

  contract('Foreground keeps the owner until the owned are gone', async (cluster) => {
    const { name, reference } = await owner(cluster);
    const mine = await owned(cluster, reference, { finalizers: [HOLD] });
    await collectorCaughtUp(cluster, reference);
    const marked = await cluster.must('DELETE', cluster.procedures(name), { propagationPolicy: 'Foreground' });
    await until('the mark on the owned', async () => {
      return (await cluster.call('GET', mine)).json.metadata?.deletionTimestamp !== undefined;
    });
    const still = await cluster.call('GET', cluster.procedures(name));
    await cluster.must('PATCH', mine, { metadata: { finalizers: null } });
    await gone(cluster, cluster.procedures(name));

    expect(marked.metadata.finalizers).toEqual(['foregroundDeletion']);
    expect(still.code).toBe(200);
  }),

  contract('references to owners are checked', async (cluster) => {
    const { reference } = await owner(cluster);
    const create = (ownerReferences: unknown[]) =>
      cluster.call('POST', cluster.core('configmaps'), { metadata: { name: 'wrong', ownerReferences } });
    const empty = await create([{ kind: 'X' }]);
    const two = await create([reference, { ...reference, name: 'x', uid: NOBODY }]);
    const policy = await cluster.call('DELETE', cluster.core('configmaps', 'x'), { propagationPolicy: 'Later' });

    expect(empty).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('metadata.ownerReferences.uid: Invalid value: "": must not be empty') },
    });
    expect(two).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('Only one reference can have Controller set to true') },
    });
    expect(policy).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('propagationPolicy: Unsupported value: "Later"') },
    });
  }),

  contract('a namespace that is being deleted takes nothing new, and goes when it is empty', async (cluster) => {
    const name = `${cluster.namespace}-going`;
    const path = `/api/v1/namespaces/${name}`;
    const made = await cluster.must('POST', '/api/v1/namespaces', { metadata: { name } });
    await cluster.must('POST', `${path}/configmaps`, { metadata: { name: 'plain' } });
    await cluster.must('POST', `${path}/configmaps`, { metadata: { name: 'held', finalizers: [HOLD] } });
    cluster.atEnd(async () => {
      await cluster.call('PATCH', `${path}/configmaps/held`, { metadata: { finalizers: null } });
      await cluster.call('DELETE', path);
    });
    const marked = await cluster.must('DELETE', path);
    const refused = await cluster.call('POST', `${path}/configmaps`, { metadata: { name: 'x' } });
    await gone(cluster, `${path}/configmaps/plain`);
    await until('the mark on what is held', async () => {
      return (await cluster.call('GET', `${path}/configmaps/held`)).json.metadata?.deletionTimestamp !== undefined;
    });
    const told = await until('a condition that says why it hangs', async () => {
      const { json } = await cluster.call('GET', path);
      const conditions = (json.status?.conditions ?? []) as { type: string; status: string; message: string }[];
      return conditions.find(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True');
    });
    await cluster.must('PATCH', `${path}/configmaps/held`, { metadata: { finalizers: null } });
    await gone(cluster, path);

    expect(made.status.phase).toBe('Active');
    expect(made.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': name });
    expect(marked.status.phase).toBe('Terminating');
    expect(marked.metadata.deletionTimestamp).toBeTruthy();
    expect(refused.json).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `configmaps "x" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    expect(told.message).toContain(`${HOLD} in 1 resource instances`);
  }),
];
