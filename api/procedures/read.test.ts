import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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

  it('tells what was loaded beside what was asked for, from the store and from the resource', async () => {
    const git_args = { git_repo: 'https://example.org/r.git', git_branch: 'main', git_commit: null };
    const run = await created({ script: { script_type: 'git', script_uri: 'git://a.py', git_args } });
    await run.open();
    expect((await call(harness, 'GET', '/procedures/1')).body).not.toHaveProperty('source');

    const source = { sha256: 'e2'.repeat(32), commit: '10'.repeat(20) };
    await run.append({ k: 'source', ...source } as never);

    const stored = (await call(harness, 'GET', '/procedures/1')).body;
    expect(stored).toMatchObject({ source, script: { git_args } });

    await created(HELLO); // its run is not in the store
    harness.kubernetes.setStatus('procedure-2', { id: 2, source: { uri: 'file:///a.py', sha256: source.sha256 } });
    const known = await until(async () => {
      const { body } = await call(harness, 'GET', '/procedures/2');
      return body.source === undefined ? undefined : body;
    });
    expect(known.source).toEqual({ sha256: source.sha256 });
  });

  it('tells what an unfinished one waits for, where the resource is not behind', async () => {
    const run = await created();
    await run.open();
    const why = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nowhere/none"' };
    harness.kubernetes.setStatus('procedure-1', { id: 1, phase: 'Active', state: 'CREATING', ...why });
    const stuck = await until(async () => {
      const { body } = await call(harness, 'GET', '/procedures/1');
      return body.reason === undefined ? undefined : body;
    });
    expect(stuck).toMatchObject({ state: 'CREATING', ...why });

    await run.states('IDLE');
    expect((await call(harness, 'GET', '/procedures/1')).body).not.toHaveProperty('reason');
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
