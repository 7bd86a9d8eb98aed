import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CRDS, startTestServer, startThingServer, thing, thingCrd, THINGS, type TestServer } from './testing.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestServer;

beforeAll(async () => {
  api = await startThingServer();
});

afterAll(() => api.close());

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

test('the end does not wait for a client that has not even said hello', async () => {
  const own = await startTestServer();
  const silent = connect(own.server.port, '127.0.0.1');
  silent.on('error', () => undefined); // cut off: 'close' follows
  const cut = new Promise((resolve) => silent.on('close', resolve));
  await new Promise((resolve) => silent.on('connect', resolve));
  await own.call('GET', '/readyz'); // which came after it
  await own.close();
  await cut;
}, 110_000);

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
