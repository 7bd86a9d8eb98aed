import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { failure } from '../harness/status.ts';

const modified = (name: string): object =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    { name, kind: 'configmaps' },
  );

/** Creating, replacing and deleting objects of a plain built-in kind. */
export const OBJECTS: readonly ContractCase[] = [
  contract('a create answers with the stored object', async (cluster) => {
    const name = cluster.unique('stored');
    const { code, json } = await cluster.call('POST', cluster.core('configmaps'), {
      metadata: { name, labels: { a: 'b' } },
      data: { text: 'ü\n' },
    });

    expect(code).toBe(201);
    expect(json).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name, namespace: cluster.namespace, labels: { a: 'b' } },
      data: { text: 'ü\n' },
    });
    expect(json.metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(json.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(json.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(json.metadata.generation).toBeUndefined();
    expect((await cluster.call('GET', cluster.core('configmaps', name))).json).toEqual(json);
  }),

  contract('a name that is taken is AlreadyExists', async (cluster) => {
    const name = cluster.unique('taken');
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const { code, json } = await cluster.call('POST', cluster.core('configmaps'), { metadata: { name } });

    expect(code).toBe(409);
    expect(json).toEqual(
      failure(409, 'AlreadyExists', `configmaps "${name}" already exists`, { name, kind: 'configmaps' }),
    );
  }),

  contract('what does not exist is NotFound, whatever is asked of it', async (cluster) => {
    const path = cluster.core('configmaps', 'nobody');
    const answers = await Promise.all([
      cluster.call('GET', path),
      cluster.call('DELETE', path),
      cluster.call('PATCH', path, { data: {} }),
      cluster.call('PUT', path, { metadata: { name: 'nobody' } }),
    ]);

    for (const { code, json } of answers) {
      expect(code).toBe(404);
      expect(json).toEqual(
        failure(404, 'NotFound', 'configmaps "nobody" not found', { name: 'nobody', kind: 'configmaps' }),
      );
    }
  }),

  contract('a create in a missing namespace names the namespace', async (cluster) => {
    const name = 'contract-no-such-namespace';
    const { code, json } = await cluster.call('POST', `/api/v1/namespaces/${name}/configmaps`, {
      metadata: { name: 'a' },
    });

    expect(code).toBe(404);
    expect(json).toEqual(failure(404, 'NotFound', `namespaces "${name}" not found`, { name, kind: 'namespaces' }));
  }),

  contract('generateName makes a name of the prefix and five characters', async (cluster) => {
    const create = (): Promise<{ json: { metadata: Record<string, unknown> } }> =>
      cluster.call('POST', cluster.core('configmaps'), { metadata: { generateName: 'made-' } });
    const [one, other] = await Promise.all([create(), create()]);

    expect(one.json.metadata).toMatchObject({
      generateName: 'made-',
      name: expect.stringMatching(/^made-[a-z0-9]{5}$/),
    });
    expect(one.json.metadata['name']).not.toBe(other.json.metadata['name']);
  }),

  contract('a write with a stale resourceVersion is a Conflict and changes nothing', async (cluster) => {
    const name = cluster.unique('stale');
    const path = cluster.core('configmaps', name);
    const first = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name }, data: { a: '1' } });
    const second = await cluster.must('PUT', path, { ...first, data: { a: '2' } });

    const put = await cluster.call('PUT', path, { ...first, data: { a: '3' } });
    const patch = await cluster.call('PATCH', path, {
      metadata: { resourceVersion: first.metadata.resourceVersion },
      data: { a: '4' },
    });

    expect(BigInt(second.metadata.resourceVersion)).toBeGreaterThan(BigInt(first.metadata.resourceVersion));
    expect(put.json).toEqual(modified(name));
    expect(patch.json).toEqual(modified(name));
    expect((await cluster.call('GET', path)).json).toEqual(second);
  }),

  contract('of two writes with one resourceVersion exactly one wins', async (cluster) => {
    const name = cluster.unique('race');
    const path = cluster.core('configmaps', name);
    const { metadata } = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const write = (value: string): Promise<{ code: number }> =>
      cluster.call('PATCH', path, { metadata: { resourceVersion: metadata.resourceVersion }, data: { value } });
    const codes = (await Promise.all(Array.from({ length: 8 }, (_, index) => write(String(index))))).map(
      ({ code }) => code,
    );

    expect(codes.sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
  }),

  contract('a PUT without a resourceVersion overwrites', async (cluster) => {
    const name = cluster.unique('overwrite');
    await cluster.must('POST', cluster.core('configmaps'), {
      metadata: { name, labels: { a: 'b' } },
      data: { a: '1' },
    });
    const { code, json } = await cluster.call('PUT', cluster.core('configmaps', name), {
      metadata: { name },
      data: { b: '2' },
    });

    expect(code).toBe(200);
    expect(json.data).toEqual({ b: '2' });
    expect(json.metadata.labels).toBeUndefined();
  }),

  contract('a PUT under another name or with another uid is refused', async (cluster) => {
    const name = cluster.unique('other');
    const path = cluster.core('configmaps', name);
    const { metadata } = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const renamed = await cluster.call('PUT', path, { metadata: { name: 'else' } });
    const reborn = await cluster.call('PUT', path, { metadata: { name, uid: 'else' } });

    expect(renamed.json).toEqual(
      failure(400, 'BadRequest', `the name of the object (else) does not match the name on the URL (${name})`),
    );
    expect(reborn.code).toBe(409);
    expect(reborn.json.reason).toBe('Conflict');
    expect(reborn.json.message).toContain(
      `Precondition failed: UID in precondition: else, UID in object meta: ${String(metadata.uid)}`,
    );
  }),

  contract('a delete answers with a Status that has the uid', async (cluster) => {
    const name = cluster.unique('deleted');
    const { metadata } = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const { code, json } = await cluster.call('DELETE', cluster.core('configmaps', name));

    expect(code).toBe(200);
    expect(json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, kind: 'configmaps', uid: metadata.uid },
    });
    expect((await cluster.call('GET', cluster.core('configmaps', name))).code).toBe(404);
  }),

  contract('a delete with preconditions spares another object of that name', async (cluster) => {
    const name = cluster.unique('spared');
    const path = cluster.core('configmaps', name);
    const { metadata } = await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const remove = (preconditions: object) =>
      cluster.call('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
    const uid = await remove({ uid: 'else' });
    const version = await remove({ resourceVersion: '1' });
    const right = await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion });

    expect(uid).toMatchObject({ code: 409, json: { reason: 'Conflict', details: { name } } });
    expect(uid.json.message).toContain(
      `the UID in the precondition (else) does not match the UID in record (${String(metadata.uid)})`,
    );
    expect(version).toMatchObject({ code: 409, json: { reason: 'Conflict' } });
    expect(right.code).toBe(200);
  }),

  contract('a dry run answers as if, and stores nothing', async (cluster) => {
    const name = cluster.unique('dry');
    const all = { query: { dryRun: 'All' } };
    const path = cluster.core('configmaps', name);
    const create = await cluster.call('POST', cluster.core('configmaps'), { metadata: { name } }, all);
    const after = await cluster.call('GET', path);
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name }, data: { a: '1' } });
    const patch = await cluster.call('PATCH', path, { data: { a: '2' } }, all);
    const remove = await cluster.call('DELETE', path, undefined, all);
    const wrong = await cluster.call(
      'POST',
      cluster.core('configmaps'),
      { metadata: { name: 'x' } },
      { query: { dryRun: 'Some' } },
    );

    expect(create.code).toBe(201);
    expect(create.json.metadata.uid).toBeTruthy();
    expect(create.json.metadata.resourceVersion).toBeUndefined();
    expect(after.code).toBe(404);
    expect(patch).toMatchObject({ code: 200, json: { data: { a: '2' } } });
    expect(remove.code).toBe(200);
    expect((await cluster.call('GET', path)).json.data).toEqual({ a: '1' });
    expect(wrong.json.message).toContain('dryRun: Unsupported value: ["Some"]: supported values: "All"');
  }),

  contract('a collection is deleted by its labels', async (cluster) => {
    const name = cluster.unique('collection');
    for (const [suffix, label] of [
      ['a', name],
      ['b', name],
      ['c', 'else'],
    ] as const) {
      await cluster.must('POST', cluster.core('configmaps'), {
        metadata: { name: `${name}-${suffix}`, labels: { label } },
      });
    }
    const { code, json } = await cluster.call('DELETE', cluster.core('configmaps'), undefined, {
      query: { labelSelector: `label=${name}` },
    });

    expect(code).toBe(200);
    expect(json.kind).toBe('ConfigMapList');
    expect(json.items).toHaveLength(2);
    expect((await cluster.call('GET', cluster.core('configmaps', `${name}-a`))).code).toBe(404);
    expect((await cluster.call('GET', cluster.core('configmaps', `${name}-c`))).code).toBe(200);
  }),
];
