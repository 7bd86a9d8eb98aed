import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { Answer } from '../harness/http.ts';
import { INLINE, procedure } from '../harness/procedures.ts';

const APPLY = 'application/apply-patch+yaml';

function apply(
  cluster: Cluster,
  name: string,
  spec: Record<string, unknown>,
  manager?: string,
  more: Record<string, boolean> = {},
): Promise<Answer> {
  const query = { ...(manager === undefined ? {} : { fieldManager: manager }), ...more };
  return cluster.call('PATCH', cluster.procedures(name), procedure(name, spec), { type: APPLY, query });
}

/** Server-side apply of our own kind. */
export const APPLIES: readonly ContractCase[] = [
  contract('the first apply creates, the same again changes nothing of it', async (cluster) => {
    const name = cluster.unique('applied');
    const first = await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');
    const again = await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');

    expect(first.code).toBe(201);
    expect(again.code).toBe(200);
    expect(again.json.spec).toEqual(first.json.spec);
    expect(again.json.metadata.generation).toBe(1);
    expect(again.json.metadata.uid).toBe(first.json.metadata.uid);
  }),

  contract('an apply needs a name for its manager', async (cluster) => {
    const { json } = await apply(cluster, cluster.unique('nameless'), INLINE);

    expect(json).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
  }),

  contract("another's field is a conflict that names both; force takes it", async (cluster) => {
    const name = cluster.unique('conflict');
    await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');
    const refused = await apply(cluster, name, { ...INLINE, exclusive: 'b' }, 'two');
    const forced = await apply(cluster, name, { ...INLINE, exclusive: 'b' }, 'two', { force: true });

    expect(refused.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.exclusive',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.exclusive' }],
      },
    });
    expect(forced.json.spec.exclusive).toBe('b');
  }),

  contract('a field that its only manager leaves out goes', async (cluster) => {
    const name = cluster.unique('dropped');
    await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');
    const shared = await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'two');
    const kept = await apply(cluster, name, INLINE, 'one');
    const gone = await apply(cluster, name, INLINE, 'two');

    expect(shared.code).toBe(200);
    expect(kept.json.spec.exclusive).toBe('a');
    expect(gone.json.spec).not.toHaveProperty('exclusive');
    expect(gone.json.spec.script).toEqual(INLINE.script);
  }),

  contract('a merge patch takes a field from the applier, whose next apply conflicts', async (cluster) => {
    const name = cluster.unique('taken');
    await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');
    await cluster.must(
      'PATCH',
      cluster.procedures(name),
      { spec: { exclusive: 'b' } },
      { query: { fieldManager: 'patcher' } },
    );
    const refused = await apply(cluster, name, { ...INLINE, exclusive: 'a' }, 'one');

    expect(refused).toMatchObject({ code: 409, json: { message: expect.stringContaining('.spec.exclusive') } });
    expect(refused.json.message).toContain('conflict with "patcher"');
  }),

  contract('an apply of the status keeps out of the spec', async (cluster) => {
    const name = cluster.unique('status');
    const made = await apply(cluster, name, INLINE, 'one');
    const { code, json } = await cluster.call(
      'PATCH',
      cluster.procedures(name, 'status'),
      { ...procedure(name, { exclusive: 'x' }), status: { id: 3 } },
      { type: APPLY, query: { fieldManager: 'operator' } },
    );

    expect(code).toBe(200);
    expect(json.spec).toEqual(made.json.spec);
    expect(json.status).toEqual({ observedGeneration: -1, id: 3 });
  }),

  contract('an apply may be YAML', async (cluster) => {
    const name = cluster.unique('yaml');
    const yaml = `apiVersion: oet.skao.int/v1alpha1\nkind: Procedure\nmetadata:\n  name: ${name}\nspec:\n  script:\n    inline: |\n      def main(): pass\n`;
    const { code, json } = await cluster.call('PATCH', cluster.procedures(name), yaml, {
      type: APPLY,
      query: { fieldManager: 'one' },
    });

    expect(code).toBe(201);
    expect(json.spec.script).toEqual(INLINE.script);
  }),

  contract('an apply is checked as a create is, and carries no managedFields', async (cluster) => {
    const name = cluster.unique('checked');
    const wrong = await apply(cluster, name, { ...INLINE, startPolicy: 'Later' }, 'one');
    const unknown = await cluster.call('PATCH', cluster.procedures(name), procedure(name, { ...INLINE, colour: 1 }), {
      type: APPLY,
      query: { fieldManager: 'one', fieldValidation: 'Strict' },
    });
    const managed = await cluster.call(
      'PATCH',
      cluster.procedures(name),
      procedure(name, INLINE, { metadata: { name, managedFields: [{ manager: 'x' }] } }),
      { type: APPLY, query: { fieldManager: 'one' } },
    );

    expect(wrong).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('spec.startPolicy: Unsupported value: "Later"') },
    });
    expect(unknown.code).toBeGreaterThanOrEqual(400);
    expect(unknown.json.message).toContain('colour');
    expect(managed.json).toMatchObject({ code: 400, message: 'metadata.managedFields must be nil' });
  }),
];
