import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { call, HELLO, until } from '../testing/client.ts';
import type { Answer } from '../testing/client.ts';
import { FakeRun, startHarness } from '../testing/harness.ts';
import type { Harness } from '../testing/harness.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema?: object }>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
}

let harness: Harness;
let document: Document;
beforeAll(async () => {
  harness = await startHarness();
  document = (await call(harness, 'GET', '/openapi.json')).body as Document;
});
afterAll(() => harness.close());

/** Asks, and holds the answer against what the document says of this path, method and status. */
async function ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
  const answer = await call(harness, method, path, body, headers);
  const template = path.replace(/\?.*/, '').replace(/^\/procedures\/[^/]+/, '/procedures/{procedure_id}');
  const { responses } = document.paths[template]![method.toLowerCase()]!;
  const described = responses[answer.status]!;
  expect([method, path, answer.status, described]).toEqual([method, path, answer.status, expect.anything()]);
  const type = answer.headers.get('content-type')?.replace(/;.*/, '');
  expect(Object.keys(described.content ?? {})).toEqual(type === undefined ? [] : [type]);
  const schema = described.content?.[type ?? '']?.schema;
  if (!schema) return answer;
  // The document's references in the form that zod reads.
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const { error } = z
    .fromJSONSchema(
      JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Parameters<typeof z.fromJSONSchema>[0],
    )
    .safeParse(answer.body);
  expect(error && [method, path, answer.status, error.issues]).toBeUndefined();
  return answer;
}

it.each([
  HELLO.script,
  { script_type: 'git', script_uri: 'git://a.py' },
  { script_type: 'git', script_uri: 'git://a.py', git_args: { git_commit: 'abcdef' }, create_env: null },
  { script_type: 'inline', content: 'pass' },
  { script_type: 'inline', script_uri: 'inline://name', content: 'pass' },
  { script_type: 'configmap', script_uri: 'configmap://name/key.py' },
])('%j: its answers are as documented', async (script) => {
  const { body } = await ask('POST', '/procedures', { script, script_args: null });
  const path = `/procedures/${String(body.id)}`;
  const run = await new FakeRun(harness.store, harness.catalogue.get(body.id as number)!).ready();
  for (const part of ['', '/result', '/history', '/output']) await ask('GET', path + part);
  await ask('PUT', path, {});
  await ask('PUT', path, { state: 'RUNNING' });
  await ask('PUT', path, { state: 'RUNNING' });
  await run.run();
  const stopped = ask('PUT', path, { state: 'STOPPED' });
  await until(() => harness.kubernetes.objects.get(body.name as string)?.spec.stop);
  await run.finish('STOPPED');
  expect((await stopped).status).toBe(200);
  for (const part of ['', '/result', '/history', '/output']) await ask('GET', path + part);
  await ask('GET', '/procedures');
  expect((await ask('DELETE', path)).status).toBe(204);
});

it.each([
  ['POST', '/procedures', '{', {}, 422],
  ['POST', '/procedures', `"${'x'.repeat(1_048_576)}"`, {}, 413],
  ['POST', '/procedures', '{}', { 'Content-Encoding': 'none' }, 415],
  ['PUT', '/procedures/1', '{}', { 'Content-Encoding': 'gzip' }, 400],
  ['PUT', '/procedures/1', `"${'x'.repeat(1_048_576)}"`, {}, 413],
  ['PUT', '/procedures/x', '[]', {}, 422],
  ['PUT', '/procedures/99', '{}', {}, 404],
  ['GET', '/procedures/x', undefined, {}, 422],
  ['GET', '/procedures/99', undefined, {}, 404],
  ['GET', '/procedures/99/output', undefined, {}, 404],
  ['GET', '/procedures/1/output?from=x', undefined, {}, 422],
  ['GET', '/procedures/99/result', undefined, {}, 404],
  ['GET', '/procedures/99/history', undefined, {}, 404],
  ['GET', '/stream?procedure=x', undefined, {}, 422],
  ['DELETE', '/procedures/99', undefined, {}, 404],
] as const)('%s %s %.9s: so is its error', async (method, path, body, headers, status) => {
  expect((await ask(method, path, body, headers)).status).toBe(status);
});
