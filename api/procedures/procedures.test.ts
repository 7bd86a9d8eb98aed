import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../kube/clock.ts';
import { KubeError } from '../../kube/errors.ts';
import { call, HELLO, until } from '../testing/client.ts';
import { FakeRun, startHarness } from '../testing/harness.ts';
import type { Harness } from '../testing/harness.ts';

let harness: Harness;
/** Milliseconds by which the server's clock is ahead of ours. */
let later = 0;
beforeEach(async () => {
  later = 0;
  harness = await startHarness({ clock: { ...systemClock, now: () => Date.now() + later } });
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
      namespace: 'ska-oso-oet',
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

describe('GET /procedures', () => {
  it('is empty at first, with and without a slash', async () => {
    expect((await call(harness, 'GET', '/procedures')).body).toEqual([]);
    expect((await call(harness, 'GET', '/procedures/')).body).toEqual([]);
  });

  it('lists the oldest first, at once, even if the watch is silent', async () => {
    harness.kubernetes.watching = false;
    for (let i = 0; i < 11; i++) await call(harness, 'POST', '/procedures', HELLO);

    const { body } = await call(harness, 'GET', '/procedures');

    expect(body.map(({ id }: { id: number }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('shows the state of the store, which is ahead of the resource', async () => {
    await (await created()).ready();

    const { body } = await call(harness, 'GET', '/procedures/1');

    expect(body.state).toBe('READY');
    expect(body.history.process_states.map(([state]: [string]) => state)).toEqual([
      'CREATING',
      'IDLE',
      'LOADING',
      'IDLE',
      'INITIALISING',
      'READY',
    ]);
    expect((await call(harness, 'GET', '/procedures')).body).toEqual([body]);
  });

  it('leaves out what was applied and has no id yet; shows it when it has', async () => {
    const input = {
      apiVersion: 'oet.skao.int/v1alpha1',
      kind: 'Procedure',
      spec: { script: { file: '/a.py' }, main: { kwargs: { x: 1 } } },
    } as const;
    await harness.kubernetes.create({ ...input, metadata: { name: 'mine', labels: { 'oet.skao.int/id': '5' } } });
    await until(() => (harness.kubernetes.objects.size === 1 ? true : undefined));
    expect((await call(harness, 'GET', '/procedures')).body).toEqual([]);

    harness.kubernetes.setStatus('mine', { id: 4, state: 'IDLE', phase: 'Active' });
    const [summary] = await until(async () => {
      const { body } = await call(harness, 'GET', '/procedures');
      return body.length > 0 ? body : undefined;
    });

    expect(summary).toMatchObject({
      id: 4,
      state: 'IDLE',
      name: 'mine',
      script: { script_type: 'filesystem', script_uri: 'file:///a.py' },
      script_args: { init: { args: [], kwargs: {} } },
    });
  });

  it('takes the status where the store has lost the run', async () => {
    await created();
    harness.kubernetes.setStatus('procedure-1', {
      id: 1,
      phase: 'Finished',
      state: 'FAILED',
      reason: 'ScriptError',
      exitCode: 1,
      history: [
        { state: 'CREATING', time: '2026-01-01T00:00:00.000001Z' },
        { state: 'FAILED', time: '2026-01-01T00:00:01.5Z' },
      ],
      failure: { type: 'ValueError', message: 'no', stackTrace: 'Traceback …' },
    });

    const body = await until(async () => {
      const answer = await call(harness, 'GET', '/procedures/1');
      return answer.body.state === 'FAILED' ? answer.body : undefined;
    });

    expect(body).toMatchObject({
      history: {
        process_states: [
          ['CREATING', 1767225600.000001],
          ['FAILED', 1767225601.5],
        ],
        stacktrace: 'Traceback …',
      },
      exit_code: 1,
      reason: 'ScriptError',
      failure: { type: 'ValueError', message: 'no' },
    });
  });

  it.each([
    '/procedures/7',
    '/procedures/7/output',
    '/procedures/7/result',
    '/procedures/0',
    '/procedures/99999999999999999999',
  ])('answers 404 to %s', async (path) => {
    const { status, body } = await call(harness, 'GET', path);

    expect(status).toBe(404);
    expect(body.detail).toMatch(/^No information available for PID=/);
  });
});

describe('PUT state=RUNNING', () => {
  it('starts a READY procedure and answers READY, with the arguments of main', async () => {
    await (await created()).ready();

    const { status, body } = await call(harness, 'PUT', '/procedures/1', {
      state: 'RUNNING',
      script_args: { main: { args: [1], kwargs: { name: 'bob' } } },
    });

    expect(status).toBe(200);
    expect(body.state).toBe('READY');
    expect(body.script_args).toEqual({ ...HELLO.script_args, main: { args: [1], kwargs: { name: 'bob' } } });
    expect(harness.kubernetes.objects.get('procedure-1')?.spec.start).toEqual({
      argsJSON: '{"args":[1],"kwargs":{"name":"bob"}}',
      time: expect.any(String),
    });
    expect(harness.kubernetes.calls).toEqual({ create: 1, get: 0, patch: 1, delete: 0 });
  });

  it('takes the arguments of the POST where the PUT brings none', async () => {
    await (await created({ ...HELLO, script_args: { main: { kwargs: { a: 1 } } } })).ready();

    await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' });

    expect(harness.kubernetes.objects.get('procedure-1')?.spec.start?.argsJSON).toBe('{"args":[],"kwargs":{"a":1}}');
  });

  it('answers 409 with the state if it is not READY', async () => {
    const run = await created();
    const creating = await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' });
    await run.ready();
    await run.run();
    const running = await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' });

    expect([creating.status, running.status]).toEqual([409, 409]);
    expect(creating.body.detail).toContain('CREATING');
    expect(running.body.detail).toContain('RUNNING');
  });

  it('lets exactly one of twenty starts through', async () => {
    await (await created()).ready();

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' })),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
  });

  it.each([{}, { state: 'READY' }, { state: null }, { script_args: null }, { abort: true }])(
    'does nothing for %j',
    async (body) => {
      await (await created()).ready();

      const answer = await call(harness, 'PUT', '/procedures/1', body);

      expect(answer.status).toBe(200);
      expect(answer.body.state).toBe('READY');
      expect(harness.kubernetes.calls.patch).toBe(0);
    },
  );
});

describe('PUT state=STOPPED', () => {
  it('waits for the end', async () => {
    const run = await (await created()).ready();
    await run.run();

    const answer = call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' });
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.states('STOPPING');
    await run.finish('STOPPED', { reason: 'Stopped' });

    expect(await answer).toMatchObject({
      status: 200,
      body: { abort_message: 'Successfully stopped script with ID 1' },
    });
    expect(harness.kubernetes.objects.get('procedure-1')?.spec.stop).toEqual({ mode: 'Graceful', reason: 'user' });
  });

  it.each([
    ['init', { init: { kwargs: { subarray_id: 3 } } }],
    ['main', { init: {}, main: { kwargs: { subarray_id: 3 } } }],
  ])('runs the abort script for the subarray that %s was given', async (_where, script_args) => {
    const run = await (await created({ ...HELLO, script_args })).ready();
    await run.run(JSON.stringify({ args: [], ...(script_args as { main?: object }).main }));

    const answer = call(harness, 'PUT', '/procedures/1', { state: 'STOPPED', abort: true });
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.finish('STOPPED');

    expect((await answer).body).toEqual({
      abort_message: 'Successfully stopped script with ID 1 and aborted subarray activity',
    });
    expect(harness.kubernetes.objects.get('procedure-2')?.spec).toMatchObject({
      script: { file: 'file:///scripts/abort.py' },
      init: { argsJSON: '{"args":[],"kwargs":{"subarray_id":3}}' },
      startPolicy: 'Automatic',
    });
  });

  it('stops the script only where no subarray is known', async () => {
    const run = await (await created({ script: HELLO.script })).ready();

    const answer = call(harness, 'PUT', '/procedures/1', { state: 'STOPPED', abort: true });
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.finish('STOPPED');

    expect((await answer).body).toEqual({ abort_message: 'Successfully stopped script with ID 1' });
    expect(harness.kubernetes.objects.size).toBe(1);
  });

  it('says so if the script is over', async () => {
    const run = await (await created()).ready();
    await run.run();
    await run.states('READY');
    await run.finish('COMPLETE');

    const { status, body } = await call(harness, 'PUT', '/procedures/1', { state: 'STOPPED', abort: true });

    expect(status).toBe(200);
    expect(body).toEqual({ abort_message: 'Cannot stop script with ID 1: Script is not running' });
    expect(harness.kubernetes.calls.patch).toBe(0);
  });

  it('answers 504 where the end is not confirmed in time, and where it never will be', async () => {
    const run = await (await created()).ready();
    const answers = [call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' })];
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    later += 60_000;
    expect((await answers[0]!).status).toBe(504);
    expect((await answers[0]!).body.detail).toMatch(
      /^Timeout waiting for script with ID 1 to stop; its state is READY/,
    );

    await run.finish('UNKNOWN');
    const after = await call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' });
    expect(after.body).toEqual({ abort_message: 'Cannot stop script with ID 1: Script is not running' });
  });

  it('does not claim to have stopped what ended by itself meanwhile', async () => {
    const run = await (await created()).ready();
    await run.run();
    const answer = call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' });
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.states('READY');
    await run.finish('COMPLETE');

    expect((await answer).body).toEqual({ abort_message: 'Cannot stop script with ID 1: Script is not running' });
  });

  it('ends with a procedure that is deleted before anybody took it up', async () => {
    await created();
    const answer = call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' });
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await call(harness, 'DELETE', '/procedures/1');

    expect((await answer).body).toEqual({ abort_message: 'Successfully stopped script with ID 1' });
  });

  it('lets several wait for one stop', async () => {
    const run = await (await created()).ready();

    const answers = Array.from({ length: 5 }, () => call(harness, 'PUT', '/procedures/1', { state: 'STOPPED' }));
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.finish('STOPPED');

    const messages = (await Promise.all(answers)).map(({ body }) => body.abort_message as string);
    // One that came after the end is told so.
    for (const message of messages) expect(message).toMatch(/^(Successfully stopped|Cannot stop) script with ID 1/);
    expect(messages).toContain('Successfully stopped script with ID 1');
    expect(harness.kubernetes.objects.get('procedure-1')?.spec.stop).toEqual({ mode: 'Graceful', reason: 'user' });
  });
});

describe('DELETE /procedures/{id}', () => {
  it('forgets it at once', async () => {
    await created();

    expect((await call(harness, 'DELETE', '/procedures/1')).status).toBe(204);

    expect((await call(harness, 'GET', '/procedures/1')).status).toBe(404);
    expect((await call(harness, 'DELETE', '/procedures/1')).status).toBe(404);
    expect(harness.kubernetes.objects.size).toBe(0);
  });

  it('shows it again if Kubernetes refuses', async () => {
    await created();
    harness.kubernetes.failure = new KubeError('no', { status: 403 });

    expect((await call(harness, 'DELETE', '/procedures/1')).status).toBe(403);
    expect((await call(harness, 'GET', '/procedures/1')).status).toBe(200);
  });
});

describe('the history limit', () => {
  it('forgets at a create what is over and not among the newest', async () => {
    await harness.close();
    harness = await startHarness({ historyLimit: 3 });
    for (let i = 0; i < 3; i++) await call(harness, 'POST', '/procedures', HELLO);
    harness.kubernetes.setStatus('procedure-1', { id: 1, phase: 'Finished', state: 'COMPLETE' });
    harness.kubernetes.setStatus('procedure-3', { id: 3, phase: 'Finished', state: 'COMPLETE' });
    await until(() => (harness.catalogue.get(3)?.status.phase === 'Finished' ? true : undefined));

    await call(harness, 'POST', '/procedures', HELLO);

    const { body } = await call(harness, 'GET', '/procedures');
    expect(body.map(({ id }: { id: number }) => id)).toEqual([2, 3, 4]);
  });
});

describe('the frame around it', () => {
  it.each([
    ['PATCH', '/procedures', 405, 'GET, POST'],
    ['POST', '/procedures/1', 405, 'GET, PUT, DELETE'],
    ['POST', '/stream', 405, 'GET'],
    ['DELETE', '/procedures/1/output', 405, 'GET'],
    ['GET', '/nothing', 404, null],
    ['GET', '/activities', 404, null],
  ])('%s %s → %s', async (method, path, status, allow) => {
    const answer = await call(harness, method, path);

    expect(answer.status).toBe(status);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.body).toEqual({ detail: status === 404 ? 'Not Found' : 'Method Not Allowed' });
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('serves version %s, and says so in uri', async (version) => {
    const base = harness.base.replace('v7', `v${version}`);

    const { body } = await call({ base }, 'POST', '/procedures', HELLO);

    expect(body.uri).toBe(`${base}/procedures/1`);
  });

  it.each(['v0', 'v8', 'v70', 'V7', 'v'])('does not serve %s', async (version) => {
    const { status } = await call({ base: harness.base.replace('v7', version) }, 'GET', '/procedures');
    expect(status).toBe(404);
  });

  it('answers 413 to a body that is too large, 400 to one that is no UTF-8', async () => {
    const large = await call(harness, 'POST', '/procedures', `"${'x'.repeat(1_048_576)}"`);
    const broken = await fetch(`${harness.base}/procedures`, {
      method: 'POST',
      body: Buffer.from([0x22, 0xff, 0x22]),
      headers: { 'Content-Type': 'application/json' },
    });

    expect(large.status).toBe(413);
    expect(large.body.detail).toContain('1048576');
    expect(broken.status).toBe(400);
  });

  it('believes X-Forwarded-* only where it was told to', async () => {
    const forwarded = { 'X-Forwarded-Host': 'oet.example.org', 'X-Forwarded-Proto': 'https' };
    const plain = await call(harness, 'POST', '/procedures', HELLO, forwarded);
    await harness.close();
    harness = await startHarness({ trustProxy: true });
    const proxied = await call(harness, 'POST', '/procedures', HELLO, forwarded);

    expect(plain.body.uri).toBe(
      `${harness.base.replace(harness.origin, plain.body.uri.slice(0, plain.body.uri.indexOf('/ska')))}/procedures/1`,
    );
    expect(proxied.body.uri).toBe('https://oet.example.org/ska-oso-oet/oet/api/v7/procedures/1');
  });

  it('has health, metrics, request ids and an OpenAPI document', async () => {
    const root = { base: harness.origin };
    expect((await call(root, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await call(root, 'GET', '/readyz')).status).toBe(200);
    expect((await call(root, 'GET', '/metrics')).text).toContain('oet_http_request_duration_seconds');
    const { body, headers } = await call(harness, 'GET', '/openapi.json', undefined, { 'X-Request-ID': 'abc-1' });
    expect(headers.get('x-request-id')).toBe('abc-1');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(['ProcedureSummary', 'Procedure', 'ProcedureSpec']),
    );
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(body.components.schemas).toHaveProperty(name!);
    }
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
