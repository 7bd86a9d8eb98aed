/** What a client of the predecessor does, and what it takes for granted: paths with a slash, the fields of a summary, the events, abort. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ROOT } from './harness/process.ts';
import type { Summary } from './harness/rest.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

interface Event {
  readonly topic: string;
  readonly msg_src: unknown;
  readonly new_state?: string;
  readonly msg?: string;
  readonly result?: Summary;
}

/** As simple as clients come: each block between empty lines is an event, and its data is JSON. */
async function listen(): Promise<{ readonly events: readonly Event[]; end(): Promise<void> }> {
  const over = new AbortController();
  const events: Event[] = [];
  const response = await fetch(`${stack.url}/stream`, { signal: over.signal });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const listening = (async () => {
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + Buffer.from(chunk as Uint8Array).toString()).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const lines = block.split('\n').filter((line) => line.startsWith('data: '));
        events.push(JSON.parse(lines.map((line) => line.slice(6)).join('\n')) as Event);
      }
    }
  })().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return {
    events,
    end: () => {
      over.abort();
      return listening;
    },
  };
}

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const { status, text } = await stack.rest.call(method, path, body && JSON.stringify(body));
  return { status, body: JSON.parse(text) };
}

const script = (name: string): object => ({
  script_type: 'filesystem',
  script_uri: `file://${ROOT}docs/examples/${name}`,
});

it('creates, starts and listens', async () => {
  const listener = await listen();
  const wanted = { script: script('messages.py'), script_args: { init: { kwargs: {} } }, unknown: 1 };
  const { status, body } = await ask('POST', '/procedures/', wanted);
  const created = body as Summary;
  expect([status, created.state]).toEqual([201, 'CREATING']);
  expect(Object.keys(created).slice(0, 6)).toEqual(['id', 'uri', 'state', 'script', 'script_args', 'history']);
  const { id } = created;
  expect(await (await fetch(created.uri)).json()).toMatchObject({ id, uri: created.uri });
  await stack.rest.state(id, 'READY');

  const start = { state: 'RUNNING', script_args: { main: { args: [2], kwargs: { interval: 0 } } } };
  const started = await ask('PUT', `/procedures/${id}/`, start);
  expect(started).toMatchObject({
    status: 200,
    body: { state: 'READY', script_args: { main: start.script_args.main } },
  });
  // What was asked of the API is told by the API, in no order with what the run tells.
  for (const topic of ['procedure.lifecycle.complete', 'request.procedure.start'])
    await until(`${topic} to be told`, () => listener.events.some((event) => event.topic === topic));
  await listener.end();

  const mine = listener.events.filter(({ msg_src: source, result }) => source === String(id) || result?.id === id);
  expect(mine.map(({ topic, new_state: state, msg }) => state ?? msg ?? topic.replace(/^.*\./, ''))).toEqual(
    'CREATING,IDLE,LOADING,IDLE,created,READY,RUNNING,started,starting,step 1 of 2,step 2 of 2,done,READY,COMPLETE,complete'.split(
      ',',
    ),
  );
  expect(mine.at(-1)).toMatchObject({ msg_src: 'SESWorker', result: { id, uri: created.uri, state: 'COMPLETE' } });
  const requests = listener.events.map(({ topic }) => topic).filter((topic) => topic.startsWith('request.'));
  expect(new Set(requests)).toEqual(
    new Set(['request.procedure.create', 'request.procedure.list', 'request.procedure.start']),
  );
  const { history } = await stack.rest.get(id);
  expect(history.process_states.map(([state]) => state)).toEqual(
    'CREATING IDLE LOADING IDLE READY RUNNING READY COMPLETE'.split(' '),
  );
});

it('stops and aborts: one abort script for the subarray, whoever asks', async () => {
  const { rest } = stack;
  const created = await ask('POST', '/procedures', {
    script: script('endless.py'),
    script_args: { init: { kwargs: { subarray_id: 7 } } },
  });
  const { id } = created.body as Summary;
  await rest.state(id, 'READY');
  await rest.start(id);
  await rest.state(id, 'RUNNING');

  const stop = (): ReturnType<typeof ask> => ask('PUT', `/procedures/${id}`, { state: 'STOPPED', abort: true });
  const over = `Cannot stop script with ID ${id}: Script is not running`;
  const answers = await Promise.all([stop(), stop()]);
  expect(answers).toContainEqual({
    status: 200,
    body: { abort_message: `Successfully stopped script with ID ${id} and aborted subarray activity` },
  });
  // The second may have come when all was over.
  for (const { body } of answers) {
    expect((body as { abort_message: string }).abort_message).toMatch(/aborted subarray activity$|is not running$/);
  }
  expect((await stop()).body).toEqual({ abort_message: over });
  await rest.state(id, 'STOPPED');

  const all = (await ask('GET', '/procedures')).body as Summary[];
  const aborts = all.filter(({ script: { script_uri: uri } }) => uri.endsWith('/abort.py'));
  expect(aborts.map(({ id: number, script_args: { init } }) => [number, init])).toEqual([
    [id + 1, { args: [], kwargs: { subarray_id: 7 } }],
  ]);
  await rest.state(id + 1, 'COMPLETE');
  expect(await rest.output(id + 1)).toBe('aborting subarray 7\n');
});
