import { afterEach, expect, test } from '@jest/globals';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { fixedCredentials } from './auth.ts';
import type { CredentialSource, Credentials } from './auth.ts';
import { connectTo } from './client.ts';
import type { Kube } from './client.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { json, serve } from './testing/server.ts';
import type { TestServer } from './testing/server.ts';
import { OTHER_CERT, TEST_CERT, TEST_KEY } from './testing/tls.ts';

let server: TestServer;
let kube: Kube | undefined;
afterEach(async () => {
  await kube?.close();
  await server.close();
});

const tls = { key: TEST_KEY, cert: TEST_CERT };
const start = async (options: object = {}): Promise<void> => {
  server = await serve((_request, response) => json(response, {}), {
    scheme: 'https',
    make: (listener) => createServer({ ...tls, ...options }, listener),
  });
};
const trusting = (ca: string, more: Partial<Credentials> = {}): CredentialSource =>
  fixedCredentials(server.url, { ...more, tls: { ca, ...more.tls } });

test('500 calls one after another share their TLS connections', async () => {
  await start();
  kube = connectTo(trusting(TEST_CERT), { clock: new FakeClock() });

  for (let n = 0; n < 500; n++) await kube.request('GET', '/a');

  expect(server.accepted).toBeLessThanOrEqual(2); // the next call may begin before the last one's connection is free
});

test('a server that would speak HTTP/2 is spoken to in HTTP/1.1', async () => {
  const versions: string[] = [];
  server = await serve((_request, response) => json(response, {}), {
    scheme: 'https',
    make: (listener) =>
      createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
        versions.push(request.httpVersion);
        listener(request as never, response as never);
      }),
  });
  kube = connectTo(trusting(TEST_CERT), { clock: new FakeClock() });

  await kube.request('GET', '/a');

  expect(versions).toEqual(['1.1']);
});

test('an unknown authority is refused, in words that tell', async () => {
  await start();
  kube = connectTo(trusting(OTHER_CERT), { clock: new FakeClock() });

  await expect(kube.request('POST', '/a')).rejects.toMatchObject({ status: 0, code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(server.seen).toHaveLength(0);
});

test('a client certificate is shown, and a renewed one is taken up within half a minute', async () => {
  const subjects: string[] = [];
  await start({ requestCert: true, rejectUnauthorized: false });
  server.server.on('secureConnection', (socket: TLSSocket) => {
    const { subject } = socket.getPeerCertificate() as { subject?: { CN: string } };
    subjects.push(subject?.CN ?? 'nobody');
  });
  const clock = new FakeClock();
  let current: Credentials = { headers: {}, tls: { ca: TEST_CERT } };
  const source = { ...trusting(TEST_CERT), read: async () => current };
  kube = connectTo(source, { clock });
  await kube.request('GET', '/a');
  current = { headers: {}, tls: { ca: TEST_CERT, ...tls } };

  await clock.advance(30_001);
  await kube.request('GET', '/a');
  await kube.request('GET', '/a');

  expect(subjects[0]).toBe('nobody');
  expect(new Set(subjects.slice(1))).toEqual(new Set(['oet loopback test']));
});
