/**
 * Whatever is sent, the server answers with what a client can act upon, or ends the connection; never with a 500 that has
 * no reason, and it serves the next request. FUZZ_RUNS for more than a few.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { body, mediaType, method, path, query } from './fuzzing.ts';
import { startThingServer, thing, THINGS, type TestServer } from './testing.ts';

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) };

let api: TestServer;
beforeAll(async () => {
  api = await startThingServer();
  await api.call('POST', THINGS, thing('one'));
  await api.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'one' }, data: { a: 'b' } });
});
afterAll(() => api.close());

/** 500s that a real server gives too, for what is wrong with the request. */
const KNOWN_500 = /resourceVersion should not be set on objects to be created|an impersonation names no user/;

async function expectReason(method: string, path: string, body?: Buffer | string, headers = {}): Promise<void> {
  const { code, body: status, text } = await api.call(method, path, body, headers);
  const message = typeof status['message'] === 'string' ? status['message'] : text;
  if (code === 500 && KNOWN_500.test(message)) return;
  // 504: a resourceVersion that is not there yet
  expect(code < 500 || code === 504 ? 'answered' : `${code} ${method} ${path}: ${message}`).toBe('answered');
}

describe('requests', () => {
  test('any path, query and body is answered with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, query, mediaType, body, async (verb, where, what, type, content) => {
        const sent = verb === 'GET' || verb === 'HEAD' ? undefined : content;
        const url = what === '' ? where : `${where}?${what}&watch=0`;
        await expectReason(verb, url, sent, { 'content-type': type });
      }),
      RUNS,
    );
  }, 300_000);

  test('any body at a path that takes it is answered with a reason', async () => {
    const collections = ['/api/v1/namespaces/default/configmaps', THINGS, '/api/v1/namespaces/default/pods'];
    const target = fc.constantFrom<[string, string]>(
      ...collections.flatMap((each): [string, string][] => [
        ['POST', each],
        ['PUT', `${each}/one`],
        ['PATCH', `${each}/one`],
        ['PATCH', `${each}/one/status`],
        ['DELETE', `${each}/two`],
      ]),
      ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
      ['POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
    );
    const options = fc.constantFrom(
      '',
      '?fieldManager=a',
      '?fieldManager=a&force=true',
      '?dryRun=All',
      '?fieldValidation=Strict',
    );
    await fc.assert(
      fc.asyncProperty(target, options, mediaType, body, async ([verb, where], what, type, content) => {
        await expectReason(verb, where + what, content, { 'content-type': type });
      }),
      RUNS,
    );
  }, 300_000);

  test('any Accept and impersonation is answered with a reason', async () => {
    const header = fc.string({ maxLength: 30 }).filter((text) => /^[\x21-\x7e]*$/.test(text));
    const accept = fc.oneof(
      header,
      fc.constantFrom('application/json;as=Table;v=v1;g=meta.k8s.io', 'application/yaml', 'a;=;,'),
    );
    await fc.assert(
      fc.asyncProperty(path, accept, header, async (where, kind, user) => {
        await expectReason('GET', where, undefined, {
          accept: kind,
          'impersonate-user': user,
          'impersonate-extra-%zz': user,
        });
      }),
      RUNS,
    );
  }, 300_000);

  const nested = (depth: number, open: string, close: string, inner = '1'): string =>
    open.repeat(depth) + inner + close.repeat(depth);
  const thingWith = (free: string): string =>
    JSON.stringify(thing('deep', { free: {} })).replace('"free":{}', `"free":{"a":${free}}`);
  const yamlBomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `${'bcdefghijklm'[i]}: &${'bcdefghijklm'[i]} [${Array.from({ length: 9 }, () => `*${'abcdefghijkl'[i]}`).join(',')}]`).join('\n')}\n`;

  test.each<[string, string, string, string]>([
    ['JSON, 100,000 lists deep', 'POST', 'application/json', nested(100_000, '[', ']')],
    ['JSON, 100,000 objects deep', 'POST', 'application/json', thingWith(nested(100_000, '{"a":', '}'))],
    ['JSON, 9,000 objects deep', 'POST', 'application/json', thingWith(nested(9000, '{"a":', '}'))],
    ['YAML, 20,000 deep', 'POST', 'application/yaml', nested(20_000, '[', ']')],
    ['an apply, 9,000 deep', 'PATCH', 'application/apply-patch+yaml', thingWith(nested(9000, '{"a":', '}'))],
    ['an apply, 100,000 deep', 'PATCH', 'application/apply-patch+yaml', nested(100_000, '{"a":', '}')],
    ['a merge patch, 9,000 deep', 'PATCH', 'application/merge-patch+json', nested(9000, '{"spec":', '}')],
    [
      'a JSON patch, 9,000 deep',
      'PATCH',
      'application/json-patch+json',
      `[{"op":"add","path":"/spec/free","value":${nested(9000, '[', ']')}}]`,
    ],
    [
      'a JSON patch with a path of 100,000',
      'PATCH',
      'application/json-patch+json',
      `[{"op":"add","path":"${'/a'.repeat(100_000)}","value":1}]`,
    ],
    ['YAML that grows', 'POST', 'application/yaml', yamlBomb],
    [
      'YAML that refers to itself',
      'POST',
      'application/yaml',
      'apiVersion: lab.example.com/v1\nkind: Thing\nmetadata: {name: self}\nspec: &s {free: {a: *s}}\n',
    ],
    [
      'an apply that refers to itself',
      'PATCH',
      'application/apply-patch+yaml',
      'apiVersion: lab.example.com/v1\nkind: Thing\nmetadata: {name: deep}\nspec: &s {free: {a: *s}}\n',
    ],
    ['an apply that grows', 'PATCH', 'application/apply-patch+yaml', yamlBomb],
    ['a name of 3 MB', 'POST', 'application/json', JSON.stringify(thing('a'.repeat(3_000_000)))],
    ['a body of 4 MB', 'POST', 'application/json', ' '.repeat(4 << 20)],
    [
      '100,000 labels',
      'POST',
      'application/json',
      JSON.stringify(
        thing('labels', {}, { labels: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`l${i}`, 'x'])) }),
      ),
    ],
  ])('%s', async (_name, verb, type, content) => {
    const where = verb === 'POST' ? THINGS : `${THINGS}/deep?fieldManager=a`;
    await api.call('POST', THINGS, thing('deep'));
    await expectReason(verb, where, content, { 'content-type': type });

    expect((await api.call('GET', '/readyz')).text).toBe('ok');
  });
});
