import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { refuse } from './refuse.ts';

let server: Server;
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.write('begun');
  });
  server.on('clientError', refuse);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

/** All that comes back until the server closes; `then` is sent when the first of it is there. */
function exchange(first: string, then?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(first));
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      if (text === '' && then !== undefined) socket.write(then);
      text += data;
    });
    socket.once('error', reject).once('close', () => resolve(text));
  });
}

it.each([
  ['no HTTP', 'what?\r\n\r\n', 400, 'Invalid HTTP request received.'],
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'Invalid HTTP request received.'],
  ['a bad length', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n', 400, 'Invalid HTTP request received.'],
  ['large headers', `GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'Request Header Fields Too Large'],
])('answers %s with a detail', async (_name, text, status, detail) => {
  const [head = '', body = ''] = (await exchange(text)).split('\r\n\r\n');

  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain('Content-Type: application/json');
  expect(head).toContain(`Content-Length: ${body.length}`);
  expect(JSON.parse(body)).toEqual({ detail });
});

it('writes nothing into an answer that is under way', async () => {
  const text = await exchange('GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'what?\r\n\r\n');

  expect(text).toMatch(/begun\r\n$/);
});
