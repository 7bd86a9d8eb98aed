import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CRDS, startThingServer, thing, thingCrd, THINGS, type TestServer } from '../testing.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

let api: TestServer;

beforeAll(async () => {
  api = await startThingServer();
});

afterAll(() => api.close());

describe('a custom resource', () => {
  test('gets its defaults, a generation, an owner of its fields, and no status from its maker', async () => {
    const { code, body } = await api.call('POST', THINGS, {
      ...(thing('made', { num: 3 }) as object),
      status: { phase: 'X' },
    });

    expect(code).toBe(201);
    expect(body).toMatchObject({
      spec: { policy: 'Manual', num: 3 },
      status: { observedGeneration: -1 },
      metadata: { generation: 1, namespace: 'default', uid: expect.any(String) },
    });
    expect(body.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      'f:spec': { '.': {}, 'f:num': {}, 'f:policy': {} },
    });
  });

  test('status and spec have doors of their own; generation counts the spec only', async () => {
    await api.call('POST', THINGS, thing('doors', { num: 1 }));
    const change = { spec: { num: 2 }, status: { phase: 'Done' } };

    const main = await api.call('PATCH', `${THINGS}/doors`, change, MERGE);
    expect(main.body).toMatchObject({ spec: { num: 2 }, metadata: { generation: 2 } });
    expect(main.body['status']).toEqual({ observedGeneration: -1 });

    const status = await api.call('PATCH', `${THINGS}/doors/status`, { ...change, spec: { num: 9 } }, MERGE);
    expect(status.body).toMatchObject({ spec: { num: 2 }, status: { phase: 'Done' }, metadata: { generation: 2 } });
  });

  test('a patch that changes nothing makes no new version', async () => {
    const made = await api.call('POST', THINGS, thing('same', { num: 1 }));
    const patched = await api.call('PATCH', `${THINGS}/same`, { spec: { num: 1 } }, MERGE);

    expect(patched.body.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion);
  });

  test.each([
    ['an old resourceVersion', { metadata: { resourceVersion: '1' } }, 409, 'the object has been modified'],
    ['another uid', { metadata: { uid: 'x' } }, 422, 'metadata.uid: Invalid value: "x": field is immutable'],
    ['another name', { metadata: { name: 'y' } }, 400, 'the name of the object (y) does not match the name on the URL'],
    ['a latch', { spec: { latch: { a: '2' } } }, 422, 'spec.latch: Invalid value: latch is write-once'],
    ['a rule', { spec: { sum: 10 } }, 422, 'spec.sum: Invalid value: sum must be small'],
  ])('%s is refused', async (name, patch, code, message) => {
    const object = name.replaceAll(' ', '-').toLowerCase();
    await api.call('POST', THINGS, thing(object, { latch: { a: '1' } }));
    const answer = await api.call('PATCH', `${THINGS}/${object}`, patch, MERGE);

    expect(answer.code).toBe(code);
    expect(answer.body['message']).toContain(message);
  });

  test.each([
    ['Strict', 400, undefined],
    ['Warn', 201, '299 - "unknown field \\"metadata.foo\\"", 299 - "unknown field \\"spec.nope\\""'],
    ['Ignore', 201, undefined],
  ])('unknown fields under %s', async (how, code, warning) => {
    const path = `${THINGS}?fieldValidation=${how}&dryRun=All`;
    const answer = await api.call('POST', path, thing('unknown', { nope: 1 }, { foo: 1 }));

    expect(answer.code).toBe(code);
    expect(answer.headers['warning']).toBe(warning);
    if (code === 400) {
      expect(answer.body['message']).toBe(
        'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "metadata.foo", unknown field "spec.nope"',
      );
    } else {
      expect(answer.body['spec']).toEqual({ policy: 'Manual' });
    }
    expect((await api.call('GET', `${THINGS}/unknown`)).code).toBe(404);
  });

  test('JSON patch tests before it writes', async () => {
    await api.call('POST', THINGS, thing('tested', { num: 1 }));
    const patch = (value: number): unknown => [
      { op: 'test', path: '/spec/num', value },
      { op: 'replace', path: '/spec/num', value: 5 },
    ];

    expect((await api.call('PATCH', `${THINGS}/tested`, patch(2), JSON_PATCH)).code).toBe(422);
    expect((await api.call('PATCH', `${THINGS}/tested`, patch(1), JSON_PATCH)).body['spec']).toMatchObject({ num: 5 });
  });

  test('apply owns what it names, drops what it no longer names, and conflicts with other owners', async () => {
    const apply = (spec: unknown, manager: string, more = ''): ReturnType<TestServer['call']> =>
      api.call(
        'PATCH',
        `${THINGS}/applied?fieldManager=${manager}${more}`,
        { ...(thing('applied') as object), spec },
        APPLY,
      );

    expect((await apply({ num: 1, tags: ['a'], conds: [{ type: 'x', v: '1' }] }, 'git')).code).toBe(201);
    expect((await apply({ tags: ['b'], conds: [{ type: 'y' }] }, 'other')).body['spec']).toEqual({
      policy: 'Manual',
      num: 1,
      tags: ['a', 'b'],
      conds: [{ type: 'x', v: '1' }, { type: 'y' }],
    });
    const refused = await apply({ num: 2 }, 'other');
    expect(refused.code).toBe(409);
    expect(refused.body).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "git": .spec.num',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.num' }] },
    });
    expect((await apply({ num: 2 }, 'other', '&force=true')).body['spec']).toEqual({
      policy: 'Manual',
      num: 2,
      tags: ['a'],
      conds: [{ type: 'x', v: '1' }],
    });
    const last = await apply({ num: 2 }, 'git');
    expect(last.body['spec']).toEqual({ policy: 'Manual', num: 2 });
    expect((await apply({ num: 2 }, 'git')).body.metadata.resourceVersion).toBe(last.body.metadata.resourceVersion);
  });

  test('tables show the printer columns', async () => {
    await api.call('POST', THINGS, thing('shown', { num: 7 }));
    const { body } = await api.call('GET', `${THINGS}/shown`, undefined, TABLE);

    expect((body['columnDefinitions'] as { name: string; priority: number }[]).map((each) => each.name)).toEqual([
      'Name',
      'NUM',
      'STARTED',
      'PHASE',
    ]);
    expect(body['rows']).toMatchObject([
      { cells: ['shown', 7, null, null], object: { kind: 'PartialObjectMetadata' } },
    ]);
  });

  test('goes with its definition', async () => {
    const other = structuredClone(thingCrd);
    other.metadata.name = 'stones.lab.example.com';
    other.spec.names = { plural: 'stones', kind: 'Stone', shortNames: [] };
    await api.call('POST', CRDS, other);
    const stones = THINGS.replace('things', 'stones');
    await api.call('POST', stones, { ...(thing('s') as object), kind: 'Stone' });

    expect((await api.call('DELETE', `${CRDS}/stones.lab.example.com`)).code).toBe(200);
    expect((await api.call('GET', stones)).code).toBe(404);
    await api.call('POST', CRDS, other);
    expect((await api.call('GET', stones)).body['items']).toEqual([]);
  });
});
