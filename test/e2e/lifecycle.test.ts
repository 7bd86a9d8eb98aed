/** One run from its creation to its end, over REST: states, output, arguments, stop, delete. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const ENDLESS = `
import time
def main():
    print("endless", flush=True)
    try:
        while True:
            time.sleep(0.01)
    finally:
        print("cleaned up", flush=True)
`;

describe('a run', () => {
  it('goes through OET’s states and leaves its output byte for byte', async () => {
    const { rest } = stack;
    const source = `
import functools, sys
def _main(subarray_id, name):
    print(f"hello {name} on subarray {subarray_id}")
    print("to stderr", file=sys.stderr)
    return {"answer": 42}
def init(subarray_id):
    global main
    main = functools.partial(_main, subarray_id)
`;
    const id = await rest.create(source, { init: '{"args":[],"kwargs":{"subarray_id":3}}' });
    const ready = await rest.state(id, 'READY');
    expect(ready.script_args).toEqual({ init: { args: [], kwargs: { subarray_id: 3 } } });
    const started = await rest.start(id, { main: '{"args":["wörld"],"kwargs":{}}' });
    expect(started.state).toBe('READY');
    const done = await rest.state(id, 'COMPLETE');
    expect(done.history.process_states.map(([state]) => state)).toEqual(
      'CREATING IDLE LOADING IDLE INITIALISING READY RUNNING READY COMPLETE'.split(' '),
    );
    const times = done.history.process_states.map(([, time]) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(done.history.stacktrace).toBeNull();
    expect(await rest.output(id, '?stream=stdout')).toBe('hello wörld on subarray 3\n');
    expect(await rest.output(id, '?stream=stderr')).toBe('to stderr\n');
  });

  it('gets its arguments with the types and values that were sent', async () => {
    const { rest } = stack;
    const args =
      '{"args":[1.0,1e2,-0.0,1180591620717411303424,9007199254740993,true,null,[1.0,{"ü":"✓"}]],"kwargs":{"x":2.50}}';
    const id = await rest.run('def main(*args, **kwargs): print(repr((args, kwargs)))', { main: args });
    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe(
      "((1.0, 100.0, -0.0, 1180591620717411303424, 9007199254740993, True, None, [1.0, {'ü': '✓'}]), {'x': 2.5})\n",
    );
    const { text } = await rest.call('GET', `/procedures/${id}`);
    expect(text).toContain('1180591620717411303424');
    expect(text).toMatch(/\[1\.0,1e2,-0\.0,/);
  });

  it('is stopped at once and cleans up', async () => {
    const { rest } = stack;
    const id = await rest.run(ENDLESS);
    await until('its first line', async () => (await rest.output(id)).startsWith('endless'));
    const { status, text } = await rest.stop(id);
    expect([status, JSON.parse(text)]).toEqual([200, { abort_message: `Successfully stopped script with ID ${id}` }]);
    expect((await rest.get(id)).history.process_states.map(([state]) => state).slice(-2)).toEqual([
      'STOPPING',
      'STOPPED',
    ]);
    expect(await rest.output(id)).toBe('endless\ncleaned up\n');
    const again = await rest.stop(id);
    expect(JSON.parse(again.text)).toEqual({
      abort_message: `Cannot stop script with ID ${id}: Script is not running`,
    });
  });

  it('can be stopped in READY, and not started after that', async () => {
    const { rest } = stack;
    const id = await rest.create('def main(): print("never")');
    await rest.state(id, 'READY');
    await rest.stop(id);
    await rest.state(id, 'STOPPED');
    expect((await rest.call('PUT', `/procedures/${id}`, '{"state":"RUNNING"}')).status).toBe(409);
    expect(await rest.output(id)).toBe('');
  });

  it('takes its pod along when it is deleted', async () => {
    const { rest, kubectl } = stack;
    const id = await rest.run(ENDLESS);
    await rest.state(id, 'RUNNING');
    expect((await rest.call('DELETE', `/procedures/${id}`)).status).toBe(204);
    await until(
      'its pod to go',
      async () => (await kubectl(['get', 'pods', '-l', `oet.skao.int/id=${id}`, '-o', 'name'])).stdout === '',
    );
    expect((await rest.call('GET', `/procedures/${id}`)).status).toBe(404);
  });

  it('leaves no pod behind', async () => {
    const { rest, kubectl } = stack;
    const id = await rest.run('def main(): print("short")');
    await rest.state(id, 'COMPLETE');
    await until(
      'its pod to go',
      async () => (await kubectl(['get', 'pods', '-l', `oet.skao.int/id=${id}`, '-o', 'name'])).stdout === '',
    );
  });

  it('is followed line by line by many at once', async () => {
    const { rest } = stack;
    const id = await rest.run(
      'import time\ndef main():\n  for i in range(20):\n    print(i, flush=True)\n    time.sleep(0.02)\n',
    );
    const followers = Array.from({ length: 10 }, () => rest.follow(id));
    await Promise.all(followers.map(({ done }) => done));
    const wanted = Array.from({ length: 20 }, (_, i) => `${i}\n`).join('');
    for (const { text } of followers) expect(text()).toBe(wanted);
  });
});
