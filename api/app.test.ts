import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call, HELLO } from './testing/client.ts';
import { openStorage, startHarness } from './testing/harness.ts';
import type { Harness, Storage } from './testing/harness.ts';

let storage: Storage;
let harness: Harness;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());
beforeEach(async () => {
  harness = await startHarness({ storage });
});
afterEach(() => harness.close());

describe('the frame around it', () => {
  it.each([
    ['PATCH', '/procedures', 405, 'GET, POST'],
    ['POST', '/procedures/1', 405, 'GET, PUT, DELETE'],
    ['POST', '/stream', 405, 'GET'],
    ['DELETE', '/procedures/1/output', 405, 'GET'],
    ['GET', '/nothing', 404, null],
    ['GET', '/activities', 404, null],
  ])('%s %s → %s', async (method, path, status, allow) => {
    const answer = await call(harness, method, path);

    expect(answer.status).toBe(status);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.body).toEqual({ detail: status === 404 ? 'Not Found' : 'Method Not Allowed' });
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('serves version %s, and says so in uri', async (version) => {
    const base = harness.base.replace('v7', `v${version}`);

    const { body } = await call({ base }, 'POST', '/procedures', HELLO);

    expect(body.uri).toBe(`${base}/procedures/1`);
  });

  it.each(['v0', 'v8', 'v70', 'V7', 'v'])('does not serve %s', async (version) => {
    const { status } = await call({ base: harness.base.replace('v7', version) }, 'GET', '/procedures');
    expect(status).toBe(404);
  });

  it('asks nothing of the host that it shares with others', async () => {
    const { headers } = await call(harness, 'GET', '/procedures');

    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each(['/stream', '/procedures/1/output?follow=true'])('HEAD %s ends with its headers', async (path) => {
    await call(harness, 'POST', '/procedures', HELLO);

    const { status, headers, text } = await call(harness, 'HEAD', path);

    expect([status, text]).toEqual([200, '']);
    expect(headers.get('content-type')).toMatch(/^text\//);
  });

  it('answers 413 to a body that is too large, 400 to one that is no UTF-8', async () => {
    const large = await call(harness, 'POST', '/procedures', `"${'x'.repeat(1_048_576)}"`);
    const broken = await fetch(`${harness.base}/procedures`, {
      method: 'POST',
      body: Buffer.from([0x22, 0xff, 0x22]),
      headers: { 'Content-Type': 'application/json' },
    });

    expect(large.status).toBe(413);
    expect(large.body.detail).toContain('1048576');
    expect(broken.status).toBe(400);
  });

  it('believes X-Forwarded-* only where it was told to', async () => {
    const forwarded = { 'X-Forwarded-Host': 'oet.example.org', 'X-Forwarded-Proto': 'https' };
    const { base } = harness;
    const plain = await call(harness, 'POST', '/procedures', HELLO, forwarded);
    await harness.close();
    harness = await startHarness({ storage, trustProxy: true });
    const proxied = await call(harness, 'POST', '/procedures', HELLO, forwarded);

    expect(plain.body.uri).toBe(`${base}/procedures/1`);
    expect(proxied.body.uri).toBe(`https://oet.example.org/${harness.namespace}/oet/api/v7/procedures/1`);
  });

  it('has health, metrics, request ids and an OpenAPI document', async () => {
    const root = { base: harness.origin };
    expect((await call(root, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await call(root, 'GET', '/readyz')).status).toBe(200);
    expect((await call(root, 'GET', '/metrics')).text).toContain('oet_http_request_duration_seconds');
    const { body, headers } = await call(harness, 'GET', '/openapi.json', undefined, { 'X-Request-ID': 'abc-1' });
    expect(headers.get('x-request-id')).toBe('abc-1');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(['ProcedureSummary', 'Procedure', 'ProcedureSpec']),
    );
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(body.components.schemas).toHaveProperty(name!);
    }
  });
});
