import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeError } from '../../kube/errors.ts';
import { call, HELLO, until } from '../testing/client.ts';
import { FakeRun, openStorage, startHarness } from '../testing/harness.ts';
import type { Harness, Storage } from '../testing/harness.ts';

let storage: Storage;
let harness: Harness;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());
beforeEach(async () => {
  harness = await startHarness({ storage });
});
afterEach(() => harness.close());

async function created(body: unknown = HELLO): Promise<FakeRun> {
  const { body: summary } = await call(harness, 'POST', '/procedures', body);
  return new FakeRun(harness.store, harness.catalogue.get(summary.id)!);
}

describe('POST /procedures', () => {
  it('answers 201 with the summary in CREATING', async () => {
    const before = Date.now() / 1000;

    const { status, body, headers } = await call(harness, 'POST', '/procedures', HELLO);

    expect(status).toBe(201);
    expect(body).toEqual({
      id: 1,
      uri: `${harness.base}/procedures/1`,
      state: 'CREATING',
      script: HELLO.script,
      script_args: HELLO.script_args,
      history: { process_states: [['CREATING', expect.any(Number)]], stacktrace: null },
      name: 'procedure-1',
      namespace: harness.namespace,
    });
    expect(body.history.process_states[0][1]).toBeGreaterThanOrEqual(before - 0.01);
    expect(headers.get('location')).toBe(body.uri);
  });

  it('makes a Procedure as agreed with the operator', async () => {
    await call(harness, 'POST', '/procedures', HELLO);

    expect(harness.kubernetes.objects.get('procedure-1')).toMatchObject({
      metadata: {
        labels: { 'oet.skao.int/id': '1', 'app.kubernetes.io/managed-by': 'oet-rest', 'oet.skao.int/origin': 'api' },
        annotations: { 'oet.skao.int/created': expect.stringMatching(/^\d{16}$/) },
      },
      spec: {
        script: { file: 'file:///tmp/scripts/hello.py' },
        init: { argsJSON: '{"args":[],"kwargs":{"subarray_id":1}}' },
        startPolicy: 'Manual',
      },
    });
  });

  it.each([
    [
      'git',
      { script_type: 'git', script_uri: 'git://a/b.py' },
      { git: { repo: expect.stringContaining('ska-oso-scripting'), path: 'a/b.py', branch: 'master' } },
    ],
    [
      'git with commit',
      {
        script_type: 'git',
        script_uri: 'git://a.py',
        git_args: { git_repo: 'https://h/r.git', git_commit: 'abcd1234' },
      },
      { git: { repo: 'https://h/r.git', path: 'a.py', commit: 'abcd1234' } },
    ],
    [
      'git with both',
      {
        script_type: 'git',
        script_uri: 'git://a.py',
        git_args: { git_repo: '/r', git_branch: 'b', git_commit: 'abcd1234' },
        create_env: true,
      },
      { git: { repo: '/r', path: 'a.py', commit: 'abcd1234' } },
    ],
    [
      'inline',
      { script_type: 'inline', script_uri: 'inline://mine.py', content: 'def main(): ...\n' },
      { inline: 'def main(): ...\n' },
    ],
    [
      'configmap',
      { script_type: 'configmap', script_uri: 'configmap://scripts/a.py' },
      { configMap: { name: 'scripts', key: 'a.py' } },
    ],
  ])('takes a script of type %s, and shows it as it came', async (_name, script, spec) => {
    const { status, body } = await call(harness, 'POST', '/procedures', { script });

    expect(status).toBe(201);
    expect(harness.kubernetes.objects.get('procedure-1')?.spec.script).toEqual(spec);
    const { content: _, ...sent } = script as { content?: string };
    expect(body.script).toMatchObject(sent);
  });

  it('keeps the arguments as they were written', async () => {
    const kwargs =
      '{"f":1.0,"n":1180591620717411303424,"e":1e2,"z":-0.0,"10":1,"2":{"é":"\\ud83d\\ude00"},"__proto__":{"a":null}}';
    const text = `{"script":{"script_type":"filesystem","script_uri":"file:///a.py"},"script_args":{"init":{"kwargs":${kwargs}}}}`;

    const { text: answer } = await call(harness, 'POST', '/procedures', text);

    expect(harness.kubernetes.objects.get('procedure-1')?.spec.init?.argsJSON).toBe(`{"args":[],"kwargs":${kwargs}}`);
    for (const part of ['"f":1.0,', '"n":1180591620717411303424,', '"e":1e2,', '"z":-0.0', '"__proto__":{"a":null}']) {
      expect(answer).toContain(part);
    }
  });

  it('goes past names that are taken', async () => {
    await call(harness, 'POST', '/procedures', HELLO);
    await call(harness, 'POST', '/procedures', HELLO);
    harness.kubernetes.nextId = 1;

    const { body } = await call(harness, 'POST', '/procedures', HELLO);

    expect(body.id).toBe(3);
  });

  it('goes past ids that the store has a run of', async () => {
    const run = await (await created()).open();
    await harness.store.markDeleted(run.uid);
    await call(harness, 'DELETE', '/procedures/1');
    harness.kubernetes.nextId = 1;

    const { body } = await call(harness, 'POST', '/procedures', HELLO);

    expect(body.id).toBe(2);
  });

  it.each([0, 504])('finds what was made where the answer was lost (status %s)', async (status) => {
    harness.kubernetes.lost = new KubeError('reset', { status, code: 'ECONNRESET' });

    const answer = await call(harness, 'POST', '/procedures', HELLO);

    expect([answer.status, answer.body.id, harness.kubernetes.objects.size]).toEqual([201, 1, 1]);
  });

  it('gives 50 that come at once an id each', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => call(harness, 'POST', '/procedures', HELLO)));

    expect(answers.map(({ body }) => body.id).sort((a: number, b: number) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });

  it.each([
    [422, new KubeError('spec.script: too long', { status: 422, reason: 'Invalid' })],
    [403, new KubeError('exceeded quota', { status: 403, reason: 'Forbidden' })],
    [503, new KubeError('slow down', { status: 429, retryAfterSeconds: 3 })],
    [503, new KubeError('ECONNREFUSED', { status: 0, code: 'ECONNREFUSED' })],
    [504, new KubeError('no answer', { status: 0, code: 'timeout' })],
    [500, new KubeError('etcd is on fire', { status: 500 })],
  ])('answers %s where Kubernetes refuses', async (status, failure) => {
    harness.kubernetes.failure = failure;

    const answer = await call(harness, 'POST', '/procedures', HELLO);

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ detail: expect.any(String) });
  });
});

describe('the history limit', () => {
  it('forgets at a create what is over and not among the newest', async () => {
    await harness.close();
    harness = await startHarness({ storage, historyLimit: 3 });
    for (let i = 0; i < 3; i++) await call(harness, 'POST', '/procedures', HELLO);
    harness.kubernetes.setStatus('procedure-1', { id: 1, phase: 'Finished', state: 'COMPLETE' });
    harness.kubernetes.setStatus('procedure-3', { id: 3, phase: 'Finished', state: 'COMPLETE' });
    await until(() => (harness.catalogue.get(3)?.status.phase === 'Finished' ? true : undefined));

    await call(harness, 'POST', '/procedures', HELLO);

    const { body } = await call(harness, 'GET', '/procedures');
    expect(body.map(({ id }: { id: number }) => id)).toEqual([2, 3, 4]);
  });
});

describe('Idempotency-Key', () => {
  it('makes one procedure, however often it is sent, at once or later', async () => {
    const headers = { 'Idempotency-Key': 'observation-1' };
    const post = () => call(harness, 'POST', '/procedures', HELLO, headers);

    const answers = [...(await Promise.all([post(), post(), post()])), await post()];

    expect(answers.map(({ status, body }) => [status, body.id])).toEqual(answers.map(() => [201, 1]));
    expect(harness.kubernetes.objects.size).toBe(1);
    expect((await call(harness, 'POST', '/procedures', HELLO, { 'Idempotency-Key': 'other' })).body.id).toBe(2);
  });

  it('is refused where it cannot be kept', async () => {
    const { status, body } = await call(harness, 'POST', '/procedures', HELLO, { 'Idempotency-Key': 'x'.repeat(300) });

    expect(status).toBe(422);
    expect(body.detail[0].loc).toEqual(['header', 'Idempotency-Key']);
  });
});
