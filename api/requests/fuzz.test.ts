import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { request } from 'node:http';
import { startHarness } from '../testing/harness.ts';
import type { Harness } from '../testing/harness.ts';

/** JSON that is near to a request: the right fields with anything in them. */
const near = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), tie('args'), tie('script')),
  args: fc.record(
    {
      args: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      kwargs: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
  script: fc.record(
    {
      script_type: fc.oneof(fc.constantFrom('filesystem', 'git', 'inline', 'configmap'), fc.jsonValue()),
      script_uri: fc.oneof(
        fc
          .tuple(fc.constantFrom('file://', 'git://', 'inline://', 'configmap://', ''), fc.string())
          .map(([a, b]) => a + b),
        fc.jsonValue(),
      ),
      content: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      git_args: fc.oneof(
        fc.record(
          { git_repo: fc.string(), git_branch: fc.option(fc.string()), git_commit: fc.option(fc.string()) },
          { requiredKeys: [] },
        ),
        fc.jsonValue(),
      ),
      create_env: fc.oneof(fc.boolean(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
}));
const body = fc.oneof(
  fc
    .record(
      {
        script: fc.oneof(near.script, near.any),
        script_args: fc.oneof(fc.record({ init: near.args, main: near.args }, { requiredKeys: [] }), near.any),
        state: fc.oneof(fc.constantFrom('RUNNING', 'READY'), fc.jsonValue()),
        abort: fc.oneof(fc.boolean(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.json(), fc.nat(50)).map(([text, cut]) => text.slice(0, cut)),
);

describe('whatever a client sends', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ historyLimit: 1_000_000 });
  });
  afterAll(() => harness.close());

  async function send(method: string, path: string, text: string | Buffer, type: string): Promise<void> {
    const response = await fetch(`${harness.base}${path}`, { method, body: text, headers: { 'Content-Type': type } });
    const answer = (await response.json()) as { detail?: unknown };
    expect([200, 201, 400, 404, 409, 413, 422]).toContain(response.status);
    if (response.status >= 300) expect(answer.detail).toBeDefined();
  }

  it('POST never fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom('application/json', 'application/json', 'text/plain', 'application/x+json'),
        (text, type) => send('POST', '/procedures', text, type),
      ),
      { numRuns: 400 },
    );
  });

  it('PUT never fails', async () => {
    await fetch(`${harness.base}/procedures`, {
      method: 'POST',
      body: '{"script":{"script_type":"inline","content":"x"}}',
      headers: { 'Content-Type': 'application/json' },
    });
    await fc.assert(
      fc.asyncProperty(body, fc.oneof(fc.constant('1'), fc.string().map(encodeURIComponent)), async (text, id) => {
        if (/^\.{0,2}$/.test(id) || text.includes('STOPPED')) return; // another path; a stop waits for the operator
        await send('PUT', `/procedures/${id}`, text, 'application/json');
      }),
      { numRuns: 300 },
    );
  });

  it('bytes never do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), (bytes) =>
        send('POST', '/procedures', Buffer.from(bytes), 'application/json'),
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    '/procedures/%',
    '/procedures/%ff',
    '/procedures/%00',
    '/%2e%2e/',
    '/procedures/1/output?from=1&from=2',
    '/procedures/1/output?from[]=1',
    '/stream?topics[a]=1&procedure=1&procedure=2',
    '/procedures?x=%ff',
    '/procedures/__proto__',
    '/procedures/1/output?__proto__=1&constructor=2&from=constructor',
  ])('GET %s neither', async (path) => {
    const status = await new Promise<number>((resolve, reject) => {
      const url = new URL(harness.base);
      // fetch would normalise the path.
      request({ host: url.hostname, port: url.port, path: `${url.pathname}${path}`, agent: false }, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      })
        .once('error', reject)
        .end();
    });
    expect([200, 400, 404, 422]).toContain(status);
  });

  it.each([
    ['arrays', '['.repeat(500_000)],
    ['objects', '{"a":'.repeat(150_000)],
    ['spaces', ' '.repeat(1_000_000)],
    ['a number', '9'.repeat(1_000_000)],
  ])('survives %s', (_name, text) => send('POST', '/procedures', text, 'application/json'));
});
