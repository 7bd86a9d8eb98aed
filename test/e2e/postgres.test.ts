/**
 * The product with its journal in PostgreSQL, as where it has outgrown a file: a second operator stands by, a second API serves the
 * same runs, and the database is killed in the middle. Output stays whole, each event is seen once, nothing runs twice.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PostgresServer } from '../../journal/testing/postgres-server.ts';
import { startProcesses } from './harness/process.ts';
import { startStack, type Place, type Running, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const LINES = 1_500;
const EVENTS = 30;
const PRINTS = `
import time, oet
def main():
    for i in range(${LINES}):
        print("line", i, "x" * 100, flush=True)
        if i % ${LINES / EVENTS} == 0: oet.publish("user.script.announce", msg=f"at {i}")
        time.sleep(0.002)
`;
const WHOLE = Array.from({ length: LINES }, (_, i) => `line ${i} ${'x'.repeat(100)}\n`).join('');
const ANNOUNCED = Array.from({ length: EVENTS }, (_, i) => `at ${(i * LINES) / EVENTS}`);

let server: PostgresServer;
let stack: Stack;
/** Another operator and another API on the same database. */
let second: Running;
beforeAll(async () => {
  server = await PostgresServer.create();
  const common = { OET_STORE: await server.createDatabase(), OET_STANDBY_READY: 'true' };
  let place: Omit<Place, 'settings'> | undefined;
  stack = await startStack(async (where) => {
    place = where;
    return { ...common, OET_OPERATOR_IDENTITY: 'one' };
  });
  second = await startProcesses({ ...place!, settings: { ...common, OET_OPERATOR_IDENTITY: 'other' } });
});
afterAll(async () => {
  await second.end();
  await stack.close();
  await server.remove();
});

/** Kills the database and starts it again, as soon as the run has printed so many bytes. */
async function crash(id: number, bytes: number): Promise<void> {
  await until('some output', async () => (await stack.rest.output(id)).length > bytes);
  await server.kill();
  await server.start();
}

interface Listener {
  readonly ids: string[];
  readonly messages: string[];
  readonly end: () => Promise<void>;
}

/** Listens to an API's events, all of them, as a browser does: after every break it goes on with the id of the last event. */
function listen(origin: string): Listener {
  const over = new AbortController();
  const [ids, messages]: [string[], string[]] = [[], []];
  const take = (block: string): void => {
    const field = (name: string): string | undefined =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const [id, data] = [field('id'), field('data')];
    if (id === undefined || data === undefined) return;
    ids.push(id);
    const event = JSON.parse(data) as { topic: string; msg?: string };
    if (event.topic === 'user.script.announce') messages.push(event.msg ?? '');
  };
  const listening = (async () => {
    for (;;) {
      try {
        const headers = { 'Last-Event-ID': ids.at(-1) ?? '0' };
        const response = await fetch(`${origin}/${stack.namespace}/oet/api/v7/stream`, {
          headers,
          signal: over.signal,
        });
        let rest = '';
        for await (const chunk of response.body ?? []) {
          const blocks = (rest + Buffer.from(chunk as Uint8Array).toString()).split('\n\n');
          rest = blocks.pop() ?? '';
          blocks.forEach(take);
        }
      } catch {
        // Cut, or over.
      }
      if (over.signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    ids,
    messages,
    async end() {
      over.abort();
      await listening;
    },
  };
}

it('the database, killed twice in the middle of the output: byte for byte, each event once, one run', async () => {
  const { rest, oet } = stack;
  const listeners = [listen(new URL(stack.url).origin), listen(second.origin)];
  const id = await rest.create(PRINTS);
  await rest.state(id, 'READY');
  const followed = oet(['procedure', 'logs', String(id), '--follow']);
  await rest.start(id);
  await crash(id, WHOLE.length / 4);
  await crash(id, WHOLE.length / 2);
  const { history } = await rest.state(id, 'COMPLETE');

  expect(history.process_states.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
  expect(await rest.output(id)).toBe(WHOLE);
  expect((await followed).stdout).toBe(WHOLE);
  for (const { ids, messages, end } of listeners) {
    await until('the last event', () => messages.length >= EVENTS);
    await end();
    expect(messages).toEqual(ANNOUNCED);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

it('the operator that leads, ended as by an upgrade: the one that stands by goes on, and no output is lost', async () => {
  const { rest } = stack;
  const id = await rest.run(PRINTS);
  await until('some output', async () => (await rest.output(id)).length > WHOLE.length / 4);
  await stack.operator.kill('SIGTERM');
  await rest.state(id, 'COMPLETE');

  expect(await rest.output(id)).toBe(WHOLE);
  // The first comes back as the one that stands by, and is ready as such.
  await stack.operator.start();
  expect(await rest.output(await run(second.origin))).toBe('once\n');
});

/** A run that is made by way of one API and asked for, at once, by way of another. */
async function run(origin: string): Promise<number> {
  const base = `${origin}/${stack.namespace}/oet/api/v7/procedures`;
  const script = { script_type: 'inline', script_uri: 'inline://test.py', content: 'def main(): print("once")' };
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(base, { method: 'POST', headers, body: JSON.stringify({ script }) });
  const { id } = (await made.json()) as { id: number };
  await stack.rest.state(id, 'READY');
  await fetch(`${base}/${id}`, { method: 'PUT', headers, body: '{"state":"RUNNING"}' });
  await stack.rest.state(id, 'COMPLETE');
  return id;
}

it('a database that is away for longer than a call waits is told as 503; stop works as soon as it is back', async () => {
  const { rest } = stack;
  const id = await rest.run('import time\ndef main():\n  print("up", flush=True)\n  while True: time.sleep(0.05)');
  await until('its first line', async () => (await rest.output(id)) === 'up\n');
  await server.kill();
  const answer = await rest.call('GET', `/procedures/${id}`);
  await server.start();

  expect(answer).toMatchObject({ status: 503 });
  expect(answer.text).toMatch(/The store does not answer: the database \S+ at 127\.0\.0\.1/);
  expect((await rest.stop(id)).status).toBe(200);
  await rest.state(id, 'STOPPED');
});

it('the lease, deleted while no operator is there: the next one, whose term the store knows already, works all the same', async () => {
  const { kubectl, operator, rest } = stack;
  await Promise.all([operator.kill('SIGTERM'), second.operator.kill('SIGTERM')]);
  expect(await kubectl(['delete', 'lease', 'oet-operator'])).toMatchObject({ code: 0 });
  await operator.start();
  await rest.state(await rest.run('def main(): print("on")'), 'COMPLETE');

  expect(await operator.log()).toContain('the store knows a later term');
});
