import { describe, expect, test } from '@jest/globals';
import { CliError, ReaderGone } from './errors.ts';
import type { FakeServer } from './testing/fake-server.ts';
import { serving } from './testing/serving.ts';
import type { Terminal } from './testing/terminal.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

describe('servers', () => {
  test.each([
    [500, 'kaput', 8, 'oet: the list of procedures: the server answered 500: kaput\n'],
    [503, '<html>\n<b>away</b>', 8, 'oet: the list of procedures: the server answered 503: away\n'],
    [
      502,
      '<!doctype html>\n<html><head><title>502\n Bad Gateway</title></head><body><h1>nginx</h1></body></html>',
      8,
      'oet: the list of procedures: the server answered 502: 502 Bad Gateway\n',
    ],
    [504, '{"detail":"Timeout waiting for x"}', 7, 'oet: Timeout waiting for x\n'],
    [401, '{"detail":"Unauthorized"}', 5, 'oet: Unauthorized\n'],
    [409, '{"detail":"state is RUNNING"}', 5, 'oet: state is RUNNING\n'],
    [
      404,
      '{"detail":{"type":"ResourceNotFound","Message":"No information available for ID=7"}}',
      4,
      'oet: No information available for ID=7\n',
    ],
    [
      422,
      '{"detail":[{"type":"value_error","loc":["body","script","filesystem"],"msg":"Value error, Incorrect prefix"},{"loc":["path",0],"msg":"no"}]}',
      6,
      'oet: script.filesystem: Value error, Incorrect prefix\npath.0: no\n',
    ],
    [
      200,
      '<html>',
      8,
      expect.stringMatching(/^oet: the list of procedures: the server's answer is no JSON .* the API\?\n$/),
    ],
    [200, '{}', 8, "oet: the server's answer makes no sense: no list of procedures\n"],
    [200, '[{"id":"1"}]', 8, "oet: the server's answer makes no sense: id is missing or of the wrong type\n"],
  ])('%d %s', async (status, body, code, message) => {
    server.intercept = (_, response) => {
      response.writeHead(status).end(body);
      return true;
    };
    expect(await terminal.run('procedure', 'list')).toBe(code);
    expect(terminal.err).toEqual(message);
  });

  test.each([
    [['procedure', 'list'], 'is not the API, whose address ends in /api/v7 (--server-url or OET_URL)'],
    [['listen'], 'is not the API, whose address ends in /api/v7 (--server-url or OET_URL)'],
    [['activity', 'list'], 'Not Found: the server at URL has no activities'],
  ])('a path that the server does not know: %j', async (words, message) => {
    server.intercept = (_, response) => {
      response.writeHead(404).end('{"detail":"Not Found"}');
      return true;
    };
    expect(await terminal.run(...words)).toBe(4);
    expect(terminal.err).toContain(message.replace('URL ', `${server.url} `));
  });

  test.each([
    [['listen'], /the event stream: the server's answer is text\/html, not text\/event-stream; is http/],
    [['procedure', 'logs', '1'], /output of procedure 1: the server's answer is text\/html, not text\/plain; is http/],
  ])('a page that asks for a password, in place of a stream: %j', async (words, message) => {
    server.intercept = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>Log in</title>');
      return true;
    };
    expect(await terminal.run(...words)).toBe(8);
    expect(terminal.err).toMatch(message);
    expect(terminal.out).toBe('');
  });

  test.each([
    ['create', ['procedure', 'create', 'file:///a.py']],
    ['stop of procedure 1', ['procedure', 'stop', '--pid=1']],
  ])('Ctrl-C before the answer to a change says that nobody knows: %s', async (what, words) => {
    const asked = new Promise<void>((resolve) => {
      server.intercept = ({ method }) => {
        if (method !== 'GET') resolve();
        return true;
      };
    });
    const code = terminal.run(...words);
    await asked;
    terminal.interrupt.abort();

    expect(await code).toBe(130);
    expect(terminal.err).toBe(
      `oet: no answer yet (${what}): the server may do it all the same; oet procedure list shows it\n`,
    );
  });

  test('nobody reads stdout any more: no word, and no error', async () => {
    terminal.outError = new ReaderGone();
    expect(await terminal.run('procedure', 'list')).toBe(0);
    expect(await terminal.run('--help')).toBe(0);
    expect(terminal.err).toBe('');
  });

  test('stdout cannot be written', async () => {
    terminal.outError = new CliError('output', 'stdout: ENOSPC');
    expect(await terminal.run('procedure', 'list')).toBe(9);
    expect(terminal.err).toBe('oet: stdout: ENOSPC\n');
  });

  test('none', async () => {
    await server.down();
    expect(await terminal.run('procedure', 'list')).toBe(3);
    expect(terminal.err).toMatch(/^oet: no answer from http:\/\/127\.0\.0\.1:\d+\S*: connect ECONNREFUSED .*\n$/);
    await server.up();
  });

  test('no URL at all', async () => {
    expect(await terminal.run('--server-url=rest:5000', 'procedure', 'list')).toBe(2);
    expect(terminal.err).toMatch(/'rest:5000' is no http/);
  });

  test.each([
    ['before the command', ['--server-url', 'URL', 'procedure', 'list']],
    ['within the command', ['procedure', '--server-url=URL', 'list']],
    ['after it', ['procedure', 'list', '--server_url=URL']],
    ['among a script’s arguments', ['procedure', 'create', 'file:///a.py', '--server-url=URL', '1']],
  ])('--server-url %s, with a token', async (_, words) => {
    terminal.env['OET_TOKEN'] = 'secret';
    terminal.env['OET_URL'] = 'http://127.0.0.1:1';
    expect(await terminal.run(...words.map((word) => word.replace('URL', `${server.url}/`)))).toBe(0);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(server.seen[0]?.url).toMatch(/\/api\/v7\/procedures$/);
  });
});
