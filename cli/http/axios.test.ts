import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { CliError } from '../errors.ts';
import { axiosTransport } from './axios.ts';

const ORIGIN = 'http://oet.test:5000';

afterEach(() => nock.cleanAll());
// It patches node:net itself, which all test files of a worker share.
afterAll(() => nock.restore());

describe('axiosTransport', () => {
  test('sends texts as they are and gives them as they come', async () => {
    const bodies: string[] = [];
    const scope = nock(ORIGIN, { reqheaders: { authorization: 'Bearer t', 'content-type': 'application/json' } })
      .put('/api/v7/procedures/1')
      .reply(200, async (request: Request) => {
        bodies.push(await request.text());
        return '{"big": 1180591620717411303424, "f": 1.0}';
      });

    const answer = await axiosTransport(`${ORIGIN}/api/v7/`, 't').request({
      method: 'PUT',
      path: '/procedures/1',
      body: '{"x": 1.0}',
    });

    expect(answer).toEqual({ status: 200, text: '{"big": 1180591620717411303424, "f": 1.0}' });
    expect(bodies).toEqual(['{"x": 1.0}']);
    scope.done();
  });

  test('follows the redirect of a slash', async () => {
    nock(ORIGIN)
      .get('/api/v7/procedures')
      .reply(307, '', { Location: `${ORIGIN}/api/v7/procedures/` });
    nock(ORIGIN).get('/api/v7/procedures/').reply(200, '[]');
    expect(await axiosTransport(`${ORIGIN}/api/v7`, undefined).request({ method: 'GET', path: '/procedures' })).toEqual(
      {
        status: 200,
        text: '[]',
      },
    );
  });

  test('a proxy of the environment is for other machines, never for this one', async () => {
    const listening = async (text: string): Promise<Server> => {
      const server = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    };
    const port = (server: Server): number => (server.address() as AddressInfo).port;
    const [api, proxy] = [await listening('the server'), await listening('the proxy')];
    const { env } = process;
    process.env = { http_proxy: `http://127.0.0.1:${port(proxy)}` };
    const asked = async (origin: string): Promise<string> =>
      (await axiosTransport(origin, undefined).request({ method: 'GET', path: '/procedures' })).text;
    try {
      expect(await asked('http://oet.test:5000')).toBe('the proxy');
      expect(await asked(`http://127.0.0.1:${port(api)}`)).toBe('the server');
      expect(await asked(`http://localhost:${port(api)}`)).toBe('the server');
    } finally {
      process.env = env;
      for (const server of [api, proxy]) server.close();
    }
  });

  test.each([
    ['ECONNREFUSED', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['ETIMEDOUT', 'timeout'],
  ])('%s is %s', async (code, exit) => {
    nock(ORIGIN)
      .get('/api/v7/procedures')
      .replyWithError(Object.assign(new Error(`connect ${code}`), { code }));
    const error: unknown = await axiosTransport(`${ORIGIN}/api/v7`, undefined)
      .request({ method: 'GET', path: '/procedures' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ exit, message: `no answer from ${ORIGIN}/api/v7: connect ${code}` });
  });

  test.each(['', 'rest', 'ftp://x/', 'rest:5000/api'])('%j is no address', (url) => {
    expect(() => axiosTransport(url, undefined)).toThrow(/is no http:\/\/ or https:\/\/ URL/);
  });
});
