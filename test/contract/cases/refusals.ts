import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { failure } from '../harness/status.ts';

/** What is refused before an object is looked at: the path, the body, the name, the user. */
export const REFUSALS: readonly ContractCase[] = [
  contract('a kind that is not served is 404', async (cluster) => {
    const known = await cluster.call('GET', cluster.core('nothings'));
    const unknown = await cluster.call('GET', '/apis/nothing.example.com/v1/things');

    expect(known.json).toEqual(failure(404, 'NotFound', 'the server could not find the requested resource', {}));
    expect(unknown.code).toBe(404);
    expect(unknown.text).toBe('404 page not found\n');
  }),

  contract('a method that a path does not take is 405', async (cluster) => {
    const { json } = await cluster.call('POST', cluster.core('configmaps', 'a'), {});

    expect(json).toEqual(
      failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
    );
  }),

  contract('a body that is no JSON, or of no known type, is refused', async (cluster) => {
    const name = cluster.unique('body');
    const path = cluster.core('configmaps', name);
    await cluster.must('POST', cluster.core('configmaps'), { metadata: { name } });
    const broken = await cluster.call('POST', cluster.core('configmaps'), '{"a":');
    const brokenPatch = await cluster.call('PATCH', path, '{"a":');
    const text = await cluster.call('POST', cluster.core('configmaps'), 'x', { type: 'text/plain' });
    const textPatch = await cluster.call('PATCH', path, 'x', { type: 'text/plain' });

    expect(broken).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
    expect(brokenPatch).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
    expect(text).toMatchObject({ code: 415, json: { reason: 'UnsupportedMediaType' } });
    expect(text.json.message).toMatch(
      /^the body of the request was in an unknown format - accepted media types include: application\/json/,
    );
    expect(textPatch).toMatchObject({ code: 415, json: { reason: 'UnsupportedMediaType' } });
  }),

  contract('a wrong kind, type or namespace in the body is a BadRequest', async (cluster) => {
    const path = cluster.core('configmaps');
    const kind = await cluster.call('POST', path, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } });
    const type = await cluster.call('POST', path, { metadata: { name: 'a' }, data: { a: 1 } });
    const namespace = await cluster.call('POST', path, { metadata: { name: 'a', namespace: 'else' } });

    expect(kind).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
    expect(type).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
    expect(type.json.message).toContain(
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    expect(namespace.json).toEqual(
      failure(
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      ),
    );
  }),

  contract('names and labels are checked, and the answer names the field', async (cluster) => {
    const path = cluster.core('configmaps');
    const name = await cluster.call('POST', path, { metadata: { name: 'A_b' } });
    const none = await cluster.call('POST', path, { metadata: {} });
    const label = await cluster.call('POST', path, { metadata: { name: 'l', labels: { 'a b': '1', c: 'x y' } } });

    expect(name).toMatchObject({ code: 422, json: { reason: 'Invalid', details: { name: 'A_b', kind: 'ConfigMap' } } });
    expect(name.json.message).toContain(
      'ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of',
    );
    expect(none.json.message).toBe(
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    );
    const cause = (value: string) => ({
      ...{ reason: 'FieldValueInvalid', field: 'metadata.labels' },
      message: expect.stringContaining(value) as unknown,
    });
    const { causes } = label.json.details;
    expect(causes).toHaveLength(2);
    expect(causes).toEqual(expect.arrayContaining([cause('"a b"'), cause('"x y"')])); // in the order of a map of Go's: any
  }),

  contract('an unknown field: Warn tells in a header, Strict refuses, Ignore says nothing', async (cluster) => {
    const path = cluster.core('configmaps');
    const create = (query?: Record<string, string>) =>
      cluster.call('POST', path, { metadata: { name: cluster.unique('unknown') }, colour: 'red' }, { query });
    const warn = await create();
    const strict = await create({ fieldValidation: 'Strict' });
    const ignore = await create({ fieldValidation: 'Ignore' });

    expect(warn.code).toBe(201);
    expect(warn.headers['warning']).toBe('299 - "unknown field \\"colour\\""');
    expect(strict.json).toEqual(
      failure(
        400,
        'BadRequest',
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"',
      ),
    );
    expect(ignore.code).toBe(201);
    expect(ignore.headers['warning']).toBeUndefined();
  }),

  contract('without rights there is no answer: a wrong token is 401, none is 401 or 403', async (cluster) => {
    const wrong = await cluster.call('GET', cluster.core('configmaps'), undefined, { token: 'nonsense' });
    const none = await cluster.call('GET', cluster.core('configmaps'), undefined, { token: '' });

    expect(wrong.json).toEqual(failure(401, 'Unauthorized', 'Unauthorized'));
    expect(none.json).toMatchObject({ kind: 'Status', status: 'Failure' });
    expect([401, 403]).toContain(none.code); // a real one knows anonymous users
  }),
];
