import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTo, connect } from './client.ts';
import type { RequestOptions } from './client.ts';
import { fixedCredentials } from './auth.ts';
import { isAborted, isRetryable, KubeError } from './errors.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { poll } from './testing/poll.ts';
import { json, NOBODY, refuse, reset, serve } from './testing/server.ts';
import type { Answer, TestServer } from './testing/server.ts';

let server: TestServer;
afterEach(() => server.close());
const start = async (answer: Answer, options: Parameters<typeof serve>[1] = {}): Promise<TestServer> =>
  (server = await serve(answer, options));
const failure = async (call: Promise<unknown>): Promise<KubeError> =>
  call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: unknown) => {
      if (error instanceof KubeError) return error;
      throw error;
    },
  );

describe('a request', () => {
  const cases: [string, Parameters<TestServer['kube']['request']>, { type?: string; body: string; search: string }][] =
    [
      ['GET sends nothing', ['GET', '/a'], { body: '', search: '' }],
      [
        'an object goes as JSON',
        ['POST', '/a', { body: { x: 1 } }],
        { type: 'application/json', body: '{"x":1}', search: '' },
      ],
      [
        'a string goes as it is',
        ['PUT', '/a', { body: '{"x":1.0}' }],
        { type: 'application/json', body: '{"x":1.0}', search: '' },
      ],
      ['PATCH merges', ['PATCH', '/a', { body: {} }], { type: 'application/merge-patch+json', body: '{}', search: '' }],
      [
        'or what it is told',
        ['PATCH', '/a', { body: [], contentType: 'application/json-patch+json' }],
        { type: 'application/json-patch+json', body: '[]', search: '' },
      ],
      [
        'a query without what is undefined',
        ['GET', '/a', { query: { a: 'x&y', b: undefined, c: true, d: 0 } }],
        { body: '', search: 'a=x%26y&c=true&d=0' },
      ],
    ];
  test.each(cases)('%s', async (_, args, expected) => {
    await start((_request, response) => json(response, { ok: true }));

    expect(await server.kube.request(...args)).toEqual({ ok: true });

    const { body, headers, query } = server.seen[0]!;
    expect({ body, type: headers['content-type'], search: query.toString() }).toEqual({ type: undefined, ...expected });
  });

  test('carries the token and a name', async () => {
    await start((_request, response) => json(response, {}), { token: 'secret' });

    await server.kube.request('GET', '/a');

    expect(server.seen[0]!.headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'oet' });
  });

  test('keeps the path of the server', async () => {
    await start((_request, response) => json(response, {}));
    const kube = connectTo(fixedCredentials(`${server.url}/k8s/clusters/c-1/`));

    await kube.request('GET', '/api');
    await kube.close();

    expect(server.seen[0]!.path).toBe('/k8s/clusters/c-1/api');
  });

  test('reads numbers as it is told to', async () => {
    await start(
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('[12345678901234567890]'),
    );
    const parse: RequestOptions['parse'] = (text) => text.slice(1, -1);

    expect(await server.kube.request('GET', '/a', { parse })).toBe('12345678901234567890');
  });

  test('gives other bodies as text, and nothing for none', async () => {
    await start((request, response) => void response.writeHead(200).end(request.path === '/text' ? 'log' : ''));

    expect(await server.kube.request('GET', '/text')).toBe('log');
    expect(await server.kube.request('DELETE', '/none')).toBeUndefined();
  });

  test('reuses connections: 200 calls, 8 at a time', async () => {
    await start((_request, response) => json(response, {}));

    const worker = async (): Promise<void> => {
      for (let n = 0; n < 25; n++) await server.kube.request('GET', '/a');
    };
    await Promise.all(Array.from({ length: 8 }, worker));

    expect(server.seen).toHaveLength(200);
    expect(server.accepted).toBeLessThanOrEqual(16);
  });
});

describe('a refusal', () => {
  test('is a KubeError with the words of the Status', async () => {
    const details = { name: 'x', kind: 'pods', causes: [{ field: 'spec.a', message: 'bad' }] };
    await start((_request, response) => refuse(response, 422, 'Invalid', 'pods "x" is invalid', { details }));

    const error = await failure(server.kube.request('POST', '/a', { body: {} }));

    expect(error).toMatchObject({
      status: 422,
      reason: 'Invalid',
      message: 'pods "x" is invalid',
      details,
      request: 'POST /a',
    });
  });

  const waits: [string, Record<string, string>, object | undefined, number | undefined][] = [
    ['the header', { 'retry-after': '7' }, undefined, 7],
    ['the Status', {}, { retryAfterSeconds: 3 }, 3],
    ['the header first', { 'retry-after': '7' }, { retryAfterSeconds: 3 }, 7],
    ['a date says nothing', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined, undefined],
  ];
  test.each(waits)('tells when to come back: %s', async (_, headers, details, expected) => {
    await start((_request, response) =>
      refuse(response, 429, 'TooManyRequests', 'slow', { headers, ...(details ? { details } : {}) }),
    );

    const error = await failure(server.kube.request('POST', '/a'));

    expect(error.retryAfterSeconds).toBe(expected);
    expect(isRetryable(error)).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test('in plain text keeps the text', async () => {
    await start((_request, response) => void response.writeHead(502).end('bad gateway\n'));

    expect(await failure(server.kube.request('GET', '/a'))).toMatchObject({
      status: 502,
      reason: '',
      message: 'bad gateway',
    });
  });

  test('without a body names the request', async () => {
    await start((_request, response) => void response.writeHead(404).end());

    expect((await failure(server.kube.request('GET', '/a'))).message).toBe('GET /a: HTTP 404');
  });

  test.each(['request', 'stream'] as const)('401 makes a %s read the credentials again, once', async (kind) => {
    await start((request, response) =>
      request.headers.authorization === 'new' ? json(response, {}) : refuse(response, 401, 'Unauthorized', 'who?'),
    );
    const tokens = ['old', 'new'];
    let reads = 0;
    const source = {
      ...fixedCredentials(server.url),
      read: async () => ({ tls: {}, headers: { authorization: tokens[reads++] ?? 'none' } }),
    };
    const kube = connectTo(source);

    for (let n = 0; n < 2; n++)
      if (kind === 'stream') (await kube.stream('/a')).body.destroy();
      else await kube.request('POST', '/a');
    await kube.close();

    expect(reads).toBe(2);
    expect(server.seen).toHaveLength(3);
  });
});

describe('without an answer', () => {
  test('a GET that is reset is sent once more', async () => {
    await start((_request, response, n) => (n === 0 ? reset(response) : json(response, { n })));

    expect(await server.kube.request('GET', '/a')).toEqual({ n: 1 });
  });

  test('a write that is reset is not: it may have been carried out', async () => {
    await start((_request, response) => reset(response));

    const error = await failure(server.kube.request('POST', '/a'));

    expect(error.status).toBe(0);
    expect(isRetryable(error)).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test('a body that is cut is an error', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"a":', () => reset(response));
    });

    expect((await failure(server.kube.request('POST', '/a'))).status).toBe(0);
  });

  test('nobody listens', async () => {
    await start(() => undefined);
    const kube = connectTo(fixedCredentials(NOBODY));

    expect(await failure(kube.request('POST', '/a'))).toMatchObject({ status: 0, code: 'ECONNREFUSED' });
    await kube.close();
  });

  test('a call ends at its timeout, and its connection with it', async () => {
    const clock = new FakeClock();
    await start(() => undefined, { clock });
    const call = failure(server.kube.request('GET', '/a', { timeoutMs: 3_000 }));
    await poll('the request', () => server.seen.length === 1);

    await clock.advance(3_000);

    const error = await call;
    expect(error).toMatchObject({ status: 0, code: 'timeout', message: 'GET /a: no answer in 3000 ms' });
    expect(isRetryable(error)).toBe(true);
    await poll('the end of the connection', () => server.open === 0);
  });

  test.each(['request', 'stream'] as const)('a %s ends at the signal', async (kind) => {
    await start(() => undefined);
    const controller = new AbortController();
    const { signal } = controller;
    const call = failure(
      kind === 'stream' ? server.kube.stream('/a', { signal }) : server.kube.request('GET', '/a', { signal }),
    );
    await poll('the request', () => server.seen.length === 1);

    controller.abort();

    const error = await call;
    expect(isAborted(error)).toBe(true);
    expect(isRetryable(error)).toBe(false);
    await poll('the end of the connection', () => server.open === 0);
  });

  test('an aborted signal sends nothing', async () => {
    await start((_request, response) => json(response, {}));

    expect(isAborted(await failure(server.kube.request('GET', '/a', { signal: AbortSignal.abort() })))).toBe(true);
    expect(server.seen).toHaveLength(0);
  });
});

describe('a stream', () => {
  test('gives the bytes as they come and closes when its reader leaves', async () => {
    await start((_request, response) => void response.writeHead(200).write('one'));

    const { status, body } = await server.kube.stream('/a');
    for await (const chunk of body as AsyncIterable<Buffer>) {
      expect(chunk.toString()).toBe('one');
      break;
    }

    expect(status).toBe(200);
    await poll('the end of the connection', () => server.open === 0);
  });

  test('that is aborted before anybody reads raises nothing that nobody catches', async () => {
    await start((_request, response) => void response.writeHead(200).write('one'));
    const controller = new AbortController();
    const { body } = await server.kube.stream('/a', { signal: controller.signal });

    controller.abort();

    await poll('the end of the body', () => body.destroyed);
    await expect(body.toArray()).rejects.toThrow();
  });

  test("is never ended by the headers' timeout", async () => {
    const clock = new FakeClock();
    await start((_request, response) => void response.writeHead(200).write('one'), { clock });
    const { body } = await server.kube.stream('/a', { timeoutMs: 1_000 });

    await clock.advance(600_000);

    expect(body.destroyed).toBe(false);
    body.destroy();
  });

  test('a refused one is a KubeError', async () => {
    await start((_request, response) => refuse(response, 410, 'Expired', 'too old'));

    expect(await failure(server.kube.stream('/a'))).toMatchObject({ status: 410, reason: 'Expired' });
  });
});

describe('connecting', () => {
  const kubeconfig = async (cluster: object, context: object = {}): Promise<string> => {
    const path = join(await mkdtemp(join(tmpdir(), 'kubeconfig-')), 'config');
    const config = {
      'current-context': 'here',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [
        { name: 'here', context: { cluster: 'c', user: 'u', ...context } },
        { name: 'there', context: { cluster: 'c', user: 'u', namespace: 'far' } },
      ],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  };

  test('by a kubeconfig, over http on the loopback', async () => {
    await start((_request, response) => json(response, {}));
    const kube = await connect({ kubeconfig: await kubeconfig({ server: server.url }, { namespace: 'mine' }) });

    await kube.request('GET', '/a');

    expect(server.seen[0]!.headers.authorization).toBe('Bearer t');
    expect(kube).toMatchObject({ server: server.url, namespace: 'mine' });
    expect(await kube.wsOptions()).toMatchObject({
      url: server.url.replace('http', 'ws'),
      headers: { authorization: 'Bearer t' },
    });
    await kube.close();
  });

  test('by another context', async () => {
    await start(() => undefined);
    const path = await kubeconfig({ server: server.url });

    expect((await connect({ kubeconfig: path })).namespace).toBe('default');
    expect((await connect({ kubeconfig: path, context: 'there' })).namespace).toBe('far');
    await expect(connect({ kubeconfig: path, context: 'nowhere' })).rejects.toThrow('no context "nowhere"');
  });

  test.each([
    ['http elsewhere', { server: 'http://10.0.0.1:8080' }, 'only https'],
    ['a proxy', { server: 'https://10.0.0.1', 'proxy-url': 'http://p:1' }, 'proxy-url'],
  ])('not with %s', async (_, cluster, message) => {
    await start(() => undefined);

    await expect(connect({ kubeconfig: await kubeconfig(cluster) })).rejects.toThrow(message);
  });

  test('not by a file that is not there', async () => {
    await start(() => undefined);

    await expect(connect({ kubeconfig: '/nowhere/config' })).rejects.toThrow(
      'the kubeconfig /nowhere/config cannot be read',
    );
  });
});
