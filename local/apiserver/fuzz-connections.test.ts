/** Whatever comes over a connection ends that connection, and nothing else. */
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestServer, type TestServer } from './testing.ts';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api.close());

/** A connection with nothing but bytes on it, and, where `thenEnds`, their end: what the server says until it ends it too. */
function talk(sent: (string | Uint8Array)[], thenEnds = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ port: api.server.port, host: '127.0.0.1', rejectUnauthorized: false });
    let said = '';
    socket.on('secureConnect', () => {
      for (const each of sent) socket.write(each);
      if (thenEnds) socket.end();
    });
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => resolve(said));
  });
}

const upgrade = (path: string, headers: Record<string, string> = {}): string =>
  [
    `GET ${path} HTTP/1.1`,
    'host: x',
    'authorization: Bearer a-token-for-tests',
    ...['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
    ...['sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol: v5.channel.k8s.io'],
    ...Object.entries(headers).map(([key, value]) => `${key}: ${value}`),
    '\r\n',
  ].join('\r\n');
const ATTACH = '/api/v1/namespaces/default/pods/one/attach';

test.each([
  ['a broken path', '/api/v1/namespaces/default/pods/%zz/attach', 400],
  ['no pod', '/api/v1/namespaces/default/pods/nobody/attach', 404],
  ['another path', '/healthz', 404],
  ['another subresource', '/api/v1/namespaces/default/pods/one/portforward', 404],
])('an upgrade of %s is refused', async (_name, where, code) => {
  expect(await talk([upgrade(where)])).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
});

test('what is no HTTP is a 400', async () => {
  expect(await talk(['nonsense\r\n\r\n'])).toMatch(/^HTTP\/1.1 400 /);
});

test('a request that says nothing more and an upgrade whose client is gone hold nobody up', async () => {
  const half = connectTls({ port: api.server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise<void>((resolve) => half.on('secureConnect', resolve));
  half.write(
    'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nauthorization: Bearer a-token-for-tests\r\nhost: x\r\ncontent-length: 99\r\n\r\n{',
  );

  expect((await api.call('GET', '/readyz')).text).toBe('ok');
  half.destroy();
  expect((await api.call('GET', '/readyz')).text).toBe('ok');
});

test('any bytes after the upgrade end that attach and nothing else', async () => {
  await api.call('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'one' },
    spec: { containers: [{ name: 'a', image: 'x' }] },
  });
  api.server.setKubelet({
    logs: () => Promise.resolve({}),
    attachPrecheck: () => undefined,
    attach: (_namespace, _pod, _options, channel) =>
      new Promise((resolve) => {
        channel.onData((number, data) => channel.send(number, data));
        channel.onClose(resolve);
      }),
  });
  const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      // an unmasked frame at the end, which no client may send: the server ends the connection, unless the bytes before
      // are the beginning of a frame that this is too short for
      const last = Buffer.from([0x82, 0x01, 0x00, ...Buffer.alloc(200)]);
      const said = await talk([upgrade(`${ATTACH}?stdin=true`), ...sent, last], true);

      expect(said).toMatch(/^HTTP\/1.1 101 /);
      expect((await api.call('GET', '/readyz')).text).toBe('ok');
    }),
    { numRuns: 100, examples: [[[Uint8Array.of(2, 254)]]] },
  );
}, 300_000);
