import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../kube/clock.ts';
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
/** Milliseconds by which the server's clock is ahead of ours. */
let later = 0;
beforeEach(async () => {
  later = 0;
  harness = await startHarness({ storage, clock: { ...systemClock, now: () => Date.now() + later } });
});
afterEach(() => harness.close());

async function created(body: unknown = HELLO): Promise<FakeRun> {
  const { body: summary } = await call(harness, 'POST', '/procedures', body);
  return new FakeRun(harness.store, harness.catalogue.get(summary.id)!);
}

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

  it('finds its start where the answer was lost', async () => {
    await (await created()).ready();
    harness.kubernetes.lost = new KubeError('reset', { status: 0, code: 'ECONNRESET' });

    expect((await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' })).status).toBe(200);
    expect((await call(harness, 'PUT', '/procedures/1', { state: 'RUNNING' })).status).toBe(409);
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

  it('runs one abort script, however many ask for it', async () => {
    const run = await (await created()).ready();
    await run.run();

    const answers = [1, 2, 3].map(() => call(harness, 'PUT', '/procedures/1', { state: 'STOPPED', abort: true }));
    await until(() => harness.kubernetes.objects.get('procedure-1')?.spec.stop);
    await run.finish('STOPPED');

    for (const { body } of await Promise.all(answers)) {
      // One that comes when all is over finds nothing to stop.
      expect(body.abort_message).toMatch(/and aborted subarray activity$|Script is not running$/);
    }
    expect([...harness.kubernetes.objects.keys()]).toEqual(['procedure-1', 'procedure-2']);
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
