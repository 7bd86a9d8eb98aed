import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { followLog } from './logs.ts';
import type { LogOptions } from './logs.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { poll } from './testing/poll.ts';
import { refuse, reset, serve } from './testing/server.ts';
import type { TestServer } from './testing/server.ts';

let server: TestServer;
const clock = new FakeClock();
afterEach(() => server.close());

const answers = async (answer: (response: ServerResponse) => void): Promise<ServerResponse[]> => {
  const responses: ServerResponse[] = [];
  server = await serve((_request, response) => {
    responses.push(response);
    answer(response);
  });
  return responses;
};
const begin = (response: ServerResponse, text: string): void =>
  void response.writeHead(200, { 'content-type': 'text/plain' }).write(text);

/** Follows, and collects what comes. */
function follow(options: Partial<LogOptions> = {}) {
  const log = followLog(server.kube, { namespace: 'ns', pod: 'p', container: 'main', follow: true, clock, ...options });
  const got = { text: '' };
  const read = (async () => {
    for await (const chunk of log) got.text += chunk.toString();
    return log.ended;
  })();
  return { log, got, read };
}

test('asks for what it is to ask for', async () => {
  await answers((response) => response.end());

  await follow({ sinceTime: '2026-01-01T00:00:00Z', tailLines: 0, limitBytes: 10 }).read;
  await follow({ follow: false }).read;

  expect(server.seen[0]!.path).toBe('/api/v1/namespaces/ns/pods/p/log');
  expect(server.seen.map(({ query }) => Object.fromEntries(query))).toEqual([
    { container: 'main', follow: 'true', sinceTime: '2026-01-01T00:00:00Z', tailLines: '0', limitBytes: '10' },
    { container: 'main' },
  ]);
});

describe('the end', () => {
  test('eof, with every byte before it', async () => {
    await answers((response) => {
      begin(response, 'one\n');
      response.end('two');
    });

    const { read, got } = follow();

    expect(await read).toEqual({ how: 'eof' });
    expect(got.text).toBe('one\ntwo');
  });

  test('an error as text inside a 200 is bytes like any other', async () => {
    await answers((response) => {
      begin(response, 'one\n');
      response.end('failed to create fsnotify watcher: too many open files');
    });

    const { read, got } = follow();

    expect(await read).toEqual({ how: 'eof' });
    expect(got.text).toMatch(/^one\nfailed to create/);
  });

  test('refused: the words of the API server', async () => {
    await answers((response) =>
      refuse(response, 400, 'BadRequest', 'container "main" in pod "p" is waiting to start: ContainerCreating'),
    );

    expect(await follow().read).toMatchObject({
      how: 'refused',
      error: {
        status: 400,
        reason: 'BadRequest',
        message: 'container "main" in pod "p" is waiting to start: ContainerCreating',
      },
    });
  });

  test('broken by a reset, after what came before', async () => {
    const responses = await answers((response) => begin(response, 'one\n'));
    const { read, got } = follow();
    await poll('the first line', () => got.text !== '');

    reset(responses[0]!);

    expect(await read).toMatchObject({ how: 'broken', error: { status: 0 } });
    expect(got.text).toBe('one\n');
  });

  test('broken where nobody answers', async () => {
    await answers((response) => reset(response));

    expect(await follow().read).toMatchObject({ how: 'broken' });
  });

  test('stopped by the signal: clean, and the connection goes', async () => {
    await answers((response) => begin(response, 'one\n'));
    const controller = new AbortController();
    const { read, got } = follow({ signal: controller.signal });
    await poll('the first line', () => got.text !== '');

    controller.abort();

    expect(await read).toEqual({ how: 'stopped' });
    await poll('the end of the connection', () => server.open === 0);
  });

  test('stopped before it began', async () => {
    await answers((response) => response.end('x'));

    const { read, got } = follow({ signal: AbortSignal.abort() });

    expect(await read).toEqual({ how: 'stopped' });
    expect(got.text).toBe('');
  });

  test.each(['break', 'throw'])('stopped by its reader: %s', async (way) => {
    await answers((response) => begin(response, 'one\n'));
    const log = followLog(server.kube, { namespace: 'ns', pod: 'p', container: 'main', follow: true, clock });

    const reading = (async () => {
      for await (const _ of log) {
        if (way === 'break') break;
        throw new Error('mine');
      }
    })();

    if (way === 'break') await reading;
    else await expect(reading).rejects.toThrow('mine');
    expect(await log.ended).toEqual({ how: 'stopped' });
    await poll('the end of the connection', () => server.open === 0);
    expect(clock.timers).toEqual([]);
  });
});

describe('silence', () => {
  test('of 45 s ends it as idle, and the connection goes', async () => {
    const responses = await answers((response) => begin(response, 'one\n'));
    const { read, got } = follow();
    await poll('the first line', () => got.text !== '');
    await clock.advance(44_999);
    responses[0]!.write('two\n');
    await poll('the second line', () => got.text === 'one\ntwo\n');
    await clock.waiting(45_000);

    await clock.advance(45_000);

    expect(await read).toEqual({ how: 'idle' });
    await poll('the end of the connection', () => server.open === 0);
  });

  test('before the headers counts, too', async () => {
    await answers(() => undefined);
    const { read } = follow({ idleTimeoutMs: 1_000 });
    await poll('the request', () => server.seen.length === 1);

    await clock.advance(1_000);

    expect(await read).toEqual({ how: 'idle' });
  });

  test('of five minutes and more is nothing where no limit is set', async () => {
    const responses = await answers((response) => begin(response, 'one\n'));
    const { read, got } = follow({ idleTimeoutMs: 0 });
    await poll('the first line', () => got.text !== '');

    await clock.advance(3_600_000);
    responses[0]!.end('two\n');

    expect(await read).toEqual({ how: 'eof' });
    expect(got.text).toBe('one\ntwo\n');
  });

  test("of a slow reader is not the server's", async () => {
    await answers((response) => {
      begin(response, 'one\n');
      response.end('two\n');
    });
    const log = followLog(server.kube, { namespace: 'ns', pod: 'p', container: 'main', follow: true, clock });

    let text = '';
    for await (const chunk of log) {
      text += chunk.toString();
      await clock.advance(100_000);
    }

    expect(text).toBe('one\ntwo\n');
    expect(await log.ended).toEqual({ how: 'eof' });
  });
});
