import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from './objects.ts';
import { startTestServer, thing, thingCrd, THINGS, until, type TestServer } from './testing.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

let api: TestServer;

beforeAll(async () => {
  api = await startTestServer();
  expect((await api.call('POST', CRDS, thingCrd)).code).toBe(201);
});

afterAll(() => api.close());

async function version(): Promise<string> {
  return (await api.call('GET', THINGS)).body.metadata.resourceVersion ?? '';
}

describe('who may ask', () => {
  test.each([
    ['no token', { authorization: '' }],
    ['another token', { authorization: 'Bearer nope' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
  ])('%s is 401', async (_name, headers) => {
    const answer = await api.call('GET', '/api/v1/pods', undefined, headers);

    expect(answer.code).toBe(401);
    expect(answer.body).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
  });

  test('a review tells who a token is', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'nope' } };
    const { body } = await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review);

    expect(body).toMatchObject({ status: { user: {}, error: expect.stringContaining('invalid bearer token') } });
  });
});

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
      message: 'Apply failed with 1 conflict: conflict with "git" using lab.example.com/v1: .spec.num',
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

describe('lists', () => {
  test('pages show what was there at the first', async () => {
    const made = ['p1', 'p2', 'p3', 'p4', 'p5'];
    for (const name of made) await api.call('POST', THINGS, thing(name, {}, { labels: { page: 'yes' } }));
    const names = (body: Record<string, unknown>): string[] =>
      (body['items'] as KubeObject[]).map((each) => each.metadata.name);
    const path = `${THINGS}?labelSelector=page%3Dyes&limit=2`;

    const first = await api.call('GET', path);
    await api.call('DELETE', `${THINGS}/p3`);
    const token = (first.body.metadata as { continue?: string }).continue ?? '';
    const second = await api.call('GET', `${path}&continue=${token}`);
    const next = (second.body.metadata as { continue?: string }).continue ?? '';
    const third = await api.call('GET', `${path}&continue=${next}`);

    expect([...names(first.body), ...names(second.body), ...names(third.body)]).toEqual(made);
    expect(first.body.metadata).toMatchObject({ remainingItemCount: 3 });
    expect((await api.call('GET', `${path}&continue=${next}`)).code).toBe(410);
  });
});

describe('watches', () => {
  test('replay from a version, and show who leaves a selector as deleted, as it was', async () => {
    const from = await version();
    await api.call('POST', THINGS, thing('leaver'));
    await api.call('PATCH', `${THINGS}/leaver/status`, { status: { phase: 'Running' } }, MERGE);
    const watch = await api.watch(`${THINGS}?watch=1&resourceVersion=${from}&fieldSelector=status.phase!%3DDone`);
    const done = await api.call('PATCH', `${THINGS}/leaver/status`, { status: { phase: 'Done' } }, MERGE);

    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'leaver' } } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { status: { phase: 'Running' } } });
    expect(await watch.next()).toMatchObject({
      type: 'DELETED',
      object: { status: { phase: 'Running' }, metadata: { resourceVersion: done.body.metadata.resourceVersion } },
    });
    watch.close();
  });

  test('send what is there and say where it ends', async () => {
    const path = `${THINGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=none`;
    const watch = await api.watch(path);

    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Thing', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    watch.close();
  });

  test('end after their timeout, and when they are dropped', async () => {
    const timed = await api.watch(`${THINGS}?watch=1&timeoutSeconds=1`);
    const dropped = await api.watch(`${THINGS}?watch=1`);
    api.server.knobs.dropWatches();

    await Promise.all([timed.ended, dropped.ended]);
  });

  test('from a forgotten version are told 410 in the stream, or by status', async () => {
    const own = await startTestServer();
    await own.call('POST', '/api/v1/namespaces', { metadata: { name: 'x' } });
    const open = await own.watch('/api/v1/namespaces?watch=1&labelSelector=none');
    own.server.knobs.expireWatches();

    expect(await open.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    const late = await own.watch('/api/v1/namespaces?watch=1&resourceVersion=1');
    expect(await late.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    await late.ended;
    own.server.knobs.watchExpiredAs = 'status';
    expect((await own.call('GET', '/api/v1/namespaces?watch=1&resourceVersion=1')).code).toBe(410);
    await own.close();
  });
});

describe('pods', () => {
  const PODS = '/api/v1/namespaces/default/pods';
  const pod = (name: string, more: object = {}): unknown => ({
    metadata: { name, ...more },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  });
  const bind = (name: string): Promise<unknown> =>
    api.call('POST', `${PODS}/${name}/binding`, { target: { kind: 'Node', name: 'local' } });

  test('that no node runs go at once; others get their grace and may only be hurried', async () => {
    await api.call('POST', PODS, pod('unbound'));
    await api.call('DELETE', `${PODS}/unbound`);
    expect((await api.call('GET', `${PODS}/unbound`)).code).toBe(404);

    await api.call('POST', PODS, pod('bound'));
    await bind('bound');
    const deleted = await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=20`);
    expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 20, generation: 2 });
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=25`);
    expect((await api.call('GET', `${PODS}/bound`)).body.metadata.deletionGracePeriodSeconds).toBe(20);
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=5`);
    expect((await api.call('GET', `${PODS}/bound`)).body.metadata.deletionGracePeriodSeconds).toBe(5);
    await api.call('DELETE', `${PODS}/bound?gracePeriodSeconds=0`);
    expect((await api.call('GET', `${PODS}/bound`)).code).toBe(404);
  });

  test('with a finalizer stay until it goes', async () => {
    await api.call('POST', PODS, pod('held', { finalizers: ['a.b/c'] }));
    await api.call('DELETE', `${PODS}/held`);
    expect((await api.call('GET', `${PODS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    await api.call('PATCH', `${PODS}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.call('GET', `${PODS}/held`)).code).toBe(404);
  });

  test('are evicted with a condition that tells so', async () => {
    await api.call('POST', PODS, pod('evicted'));
    await bind('evicted');
    const answer = await api.call('POST', `${PODS}/evicted/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' });

    expect(answer).toMatchObject({ code: 201, body: { status: 'Success' } });
    expect((await api.call('GET', `${PODS}/evicted`)).body['status']).toMatchObject({
      conditions: [{ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }],
    });
  });

  test.each([
    [{ spec: { containers: [] } }, 422, 'spec.containers: Required value'],
    [{ spec: { containers: [{ name: 'a' }] } }, 422, 'spec.containers[0].image: Required value'],
    [{ spec: { containers: 'x' } }, 400, 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers'],
  ])('that are wrong are refused: %j', async (part, code, message) => {
    const answer = await api.call('POST', PODS, { metadata: { name: 'wrong' }, ...part });

    expect(answer.code).toBe(code);
    expect(answer.body['message']).toContain(message);
  });

  test('cannot become other pods', async () => {
    await api.call('POST', PODS, pod('fixed'));
    const answer = await api.call('PATCH', `${PODS}/fixed`, { spec: { restartPolicy: 'Never' } }, MERGE);

    expect(answer.code).toBe(422);
    expect(answer.body['message']).toContain('pod updates may not change fields other than');
  });
});

describe('what follows a deletion', () => {
  const CMS = '/api/v1/namespaces/default/configmaps';
  const owned = (name: string, uid: string): unknown => ({
    metadata: { name, ownerReferences: [{ apiVersion: 'lab.example.com/v1', kind: 'Thing', name: 'owner', uid }] },
  });

  test.each(['Background', 'Foreground', 'Orphan'])('dependents under %s', async (propagationPolicy) => {
    const name = `owner-${propagationPolicy.toLowerCase()}`;
    const uid = (await api.call('POST', THINGS, thing(name))).body.metadata.uid ?? '';
    const dependent = `dep-${propagationPolicy.toLowerCase()}`;
    await api.call('POST', CMS, { ...(owned(dependent, uid) as object) });
    await api.call('DELETE', `${THINGS}/${name}`, { propagationPolicy });

    await until('the owner to go', async () => (await api.call('GET', `${THINGS}/${name}`)).code === 404);
    const after = await api.call('GET', `${CMS}/${dependent}`);
    if (propagationPolicy === 'Orphan') expect(after.body.metadata.ownerReferences).toBeUndefined();
    else expect(after.code).toBe(404);
  });

  test('an owner that never was', async () => {
    await api.call('POST', CMS, owned('foundling', '11111111-1111-1111-1111-111111111111'));
    await until('it to go', async () => (await api.call('GET', `${CMS}/foundling`)).code === 404);
  });

  test('a namespace takes everything in it along, and takes nothing new meanwhile', async () => {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'short-lived' } });
    const inside = CMS.replace('default', 'short-lived');
    await api.call('POST', inside, { metadata: { name: 'held', finalizers: ['a.b/c'] } });
    await api.call('DELETE', '/api/v1/namespaces/short-lived');

    const refused = await api.call('POST', inside, { metadata: { name: 'late' } });
    expect(refused.code).toBe(403);
    expect(refused.body['message']).toContain('because it is being terminated');
    await api.call('PATCH', `${inside}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.call('GET', '/api/v1/namespaces/short-lived')).code).toBe(404);
    expect((await api.call('POST', inside, { metadata: { name: 'late' } })).code).toBe(404);
  });
});

describe('faults', () => {
  test.each([
    ['error', 500, false],
    ['error-after', 500, true],
    ['throttle', 429, false],
  ] as const)('%s answers %d', async (kind, code, isCommitted) => {
    api.server.knobs.faults = [{ kind, method: 'POST', times: 1 }];
    const answer = await api.call('POST', THINGS, thing(`fault-${kind}`));

    expect(answer.code).toBe(code);
    expect((await api.call('GET', `${THINGS}/fault-${kind}`)).code).toBe(isCommitted ? 200 : 404);
    if (code === 429) expect(answer.headers['retry-after']).toBe('1');
  });

  test.each([
    ['reset', false],
    ['reset-after', true],
  ] as const)('%s cuts the connection', async (kind, isCommitted) => {
    api.server.knobs.faults = [{ kind, path: '/things', times: 1 }];

    await expect(api.call('POST', THINGS, thing(`fault-${kind}`))).rejects.toThrow();
    expect((await api.call('GET', `${THINGS}/fault-${kind}`)).code).toBe(isCommitted ? 200 : 404);
  });

  test('are turned over HTTP too', async () => {
    expect((await api.call('POST', '/-/knobs', { watchDelayMs: 3 })).body).toMatchObject({ watchDelayMs: 3 });
    expect((await api.call('POST', '/-/knobs', { watchDelayMs: 0 })).body).toMatchObject({ watchDelayMs: 0 });
    expect((await api.call('POST', '/-/knobs', { nope: 0 })).code).toBe(400);
  });
});

test('what was stored is there after a restart, and old watches must list again', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'oet-apiserver-'));
  try {
    const first = await startTestServer({ dataDir });
    await first.call('POST', CRDS, thingCrd);
    const made = await first.call('POST', THINGS, thing('kept', { num: 2 }));
    await first.close();
    const second = await startTestServer({ dataDir });

    expect((await second.call('GET', `${THINGS}/kept`)).body).toEqual(made.body);
    const watch = await second.watch(`${THINGS}?watch=1&resourceVersion=1`);
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    const next = await second.call('PATCH', `${THINGS}/kept`, { spec: { num: 3 } }, MERGE);
    expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(Number(made.body.metadata.resourceVersion));
    await second.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
