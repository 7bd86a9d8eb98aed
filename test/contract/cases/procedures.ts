import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { INLINE, invalid, procedure } from '../harness/procedures.ts';
import { makeKind } from '../harness/kind.ts';

const STRICT = { query: { fieldValidation: 'Strict' } };
const UNCHECKED = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** What the CRD makes of a manifest: defaults, pruning, schema errors, rules; and the status subresource. */
export const PROCEDURES: readonly ContractCase[] = [
  contract('defaults are filled in, a status in a create is dropped', async (cluster) => {
    const name = cluster.unique('defaults');
    const { code, json } = await cluster.call(
      'POST',
      cluster.procedures(),
      procedure(name, INLINE, { status: { id: 9 } }),
    );

    expect(code).toBe(201);
    expect(json.metadata.generation).toBe(1);
    expect(json.spec).toEqual({
      ...INLINE,
      startPolicy: 'Manual',
      deadlines: { prepareSeconds: 600 },
      output: { captureSeconds: 3600, maxBytes: 67_108_864 },
      retention: { outputSeconds: 2_592_000, podSeconds: 0 },
    });
    expect(json.status).toEqual({ observedGeneration: -1 });
  }),

  contract('null in a manifest is as if not given', async (cluster) => {
    const json = await cluster.must(
      'POST',
      cluster.procedures(),
      procedure(cluster.unique('null'), { ...INLINE, main: null, exclusive: null, startPolicy: null }),
    );

    expect(json.spec).not.toHaveProperty('main');
    expect(json.spec).not.toHaveProperty('exclusive');
    expect(json.spec.startPolicy).toBe('Manual');
  }),

  contract('the generation counts changes of spec only', async (cluster) => {
    const name = cluster.unique('generation');
    const path = cluster.procedures(name);
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const generation = async (patch: object, at = path): Promise<number> =>
      (await cluster.must('PATCH', at, patch)).metadata.generation;

    expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1);
    expect(await generation({ status: { id: 1 } }, `${path}/status`)).toBe(1);
    expect(await generation({ spec: { exclusive: 'x' } })).toBe(2);
    expect(await generation({ spec: { exclusive: 'x' } })).toBe(2);
  }),

  contract('spec and status are written apart', async (cluster) => {
    const name = cluster.unique('apart');
    const path = cluster.procedures(name);
    const made = await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const put = await cluster.must('PUT', path, { ...made, status: { id: 5 } });
    const patch = await cluster.must('PATCH', path, { status: { id: 5 } });
    const status = await cluster.must('PATCH', `${path}/status`, {
      metadata: { labels: { a: 'b' } },
      spec: { exclusive: 'x' },
      status: { id: 7, state: 'CREATING' },
    });
    const putStatus = await cluster.must('PUT', `${path}/status`, {
      ...status,
      spec: { script: { inline: 'else' } },
      status: { ...status.status, state: 'IDLE' },
    });

    expect(put.status).toEqual({ observedGeneration: -1 });
    expect(patch.status).toEqual({ observedGeneration: -1 });
    expect(status.status).toEqual({ observedGeneration: -1, id: 7, state: 'CREATING' });
    expect(status.spec).toEqual(made.spec);
    expect(status.metadata.labels).toBeUndefined();
    expect(putStatus.spec).toEqual(made.spec);
    expect(putStatus.status.state).toBe('IDLE');
    expect(await cluster.must('GET', `${path}/status`)).toEqual(putStatus);
  }),

  contract('a stale resourceVersion is a Conflict for the status, too', async (cluster) => {
    const name = cluster.unique('stale-status');
    const path = cluster.procedures(name);
    const { metadata } = await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    await cluster.must('PATCH', path, { metadata: { labels: { a: 'b' } } });
    const { json } = await cluster.call('PATCH', `${path}/status`, {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { id: 1 },
    });

    expect(json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on procedures.oet.skao.int "${name}": the object has been modified; please apply your changes to the latest version and try again`,
      details: { name, group: 'oet.skao.int', kind: 'procedures' },
    });
  }),

  contract('all schema errors come in one answer, each with its field', async (cluster) => {
    const { json } = await cluster.call(
      'POST',
      cluster.procedures(),
      procedure('wrong', {
        ...INLINE,
        startPolicy: 'Later',
        stop: { gracePeriodSeconds: '5' },
        exclusive: 'x'.repeat(64),
      }),
    );

    expect(json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { name: 'wrong', group: 'oet.skao.int', kind: 'Procedure' },
    });
    expect(new Set(json.details.causes)).toEqual(
      new Set([
        { reason: 'FieldValueTooLong', field: 'spec.exclusive', message: 'Too long: may not be more than 63 bytes' },
        {
          reason: 'FieldValueTypeInvalid',
          field: 'spec.stop.gracePeriodSeconds',
          message: 'Invalid value: "string": spec.stop.gracePeriodSeconds in body must be of type integer: "string"',
        },
        {
          reason: 'FieldValueNotSupported',
          field: 'spec.startPolicy',
          message: 'Unsupported value: "Later": supported values: "Manual", "Automatic"',
        },
        UNCHECKED,
      ]),
    );
    expect(json.message).toMatch(/^Procedure\.oet\.skao\.int "wrong" is invalid: \[spec\./);
  }),

  contract('what is required and missing is named', async (cluster) => {
    const spec = await cluster.call('POST', cluster.procedures(), { ...procedure('wrong', {}), spec: undefined });
    const script = await cluster.call('POST', cluster.procedures(), procedure('wrong', {}));

    expect(spec.json.details.causes).toEqual([
      { reason: 'FieldValueRequired', field: 'spec', message: 'Required value' },
      UNCHECKED,
    ]);
    expect(script.json.details.causes).toEqual([
      { reason: 'FieldValueRequired', field: 'spec.script', message: 'Required value' },
      UNCHECKED,
    ]);
  }),

  contract('a name is one that can be a label', async (cluster) => {
    const { code, json } = await cluster.call('POST', cluster.procedures(), procedure('a'.repeat(64), INLINE));

    expect(code).toBe(422);
    expect(json.details.causes).toEqual([
      { reason: 'FieldValueTooLong', field: 'metadata.name', message: 'Too long: may not be more than 63 bytes' },
      UNCHECKED,
    ]);
  }),

  contract('unknown fields of what is refused for something else are told, too', async (cluster) => {
    const spec = { ...INLINE, output: [{ colour: 1 }], retention: { podSeconds: { colour: 1 } } };
    const told = await cluster.call('POST', cluster.procedures(), procedure('refused', spec));
    const strict = await cluster.call('POST', cluster.procedures(), procedure('refused', spec), STRICT);

    expect(told.code).toBe(422);
    expect(told.headers['warning']).toBe(
      '299 - "unknown field \\"spec.output[0].colour\\"", 299 - "unknown field \\"spec.retention.podSeconds.colour\\""',
    );
    expect(strict).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
  }),

  contract("a rule's answer is its message at its field", async (cluster) => {
    const create = await cluster.call(
      'POST',
      cluster.procedures(),
      procedure('wrong', { script: { inline: 'a', file: 'b' } }),
    );
    const name = cluster.unique('rule');
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    await cluster.must('PATCH', `${cluster.procedures(name)}/status`, { status: { id: 1 } });
    const change = await cluster.call('PATCH', `${cluster.procedures(name)}/status`, { status: { id: null } });

    expect(create.json).toEqual(
      invalid('wrong', [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: exactly one of inline, file, configMap, git must be given',
          field: 'spec.script',
        },
      ]),
    );
    expect(change.json).toEqual(
      invalid(name, [{ reason: 'FieldValueForbidden', message: 'Forbidden: id is write-once', field: 'status.id' }]),
    );
  }),

  contract('unknown fields: told by default, refused if strict, dropped in either case', async (cluster) => {
    const spec = { script: { inline: 'x', a: 1 }, colour: 1 };
    const create = (options?: { query: Record<string, string> }) =>
      cluster.call('POST', cluster.procedures(), procedure(cluster.unique('unknown'), spec), options);
    const warn = await create();
    const strict = await create(STRICT);
    const ignore = await create({ query: { fieldValidation: 'Ignore' } });

    expect(warn.headers['warning']).toContain('299 - "unknown field \\"spec.colour\\""');
    expect(warn.headers['warning']).toContain('299 - "unknown field \\"spec.script.a\\""');
    expect(warn.json.spec).not.toHaveProperty('colour');
    expect(strict.json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'Procedure in version "v1alpha1" cannot be handled as a Procedure: strict decoding error: unknown field "spec.colour", unknown field "spec.script.a"',
    });
    expect(ignore.code).toBe(201);
    expect(ignore.headers['warning']).toBeUndefined();
    expect(ignore.json.spec.script).toEqual({ inline: 'x' });
  }),

  contract('a field given twice: told by default, refused if strict, the last one counts', async (cluster) => {
    const body = (name: string): string =>
      JSON.stringify(procedure(name, INLINE)).replace('"spec":{', '"spec":{"exclusive":"a","exclusive":"b",');
    const warn = await cluster.call('POST', cluster.procedures(), body(cluster.unique('twice')));
    const strict = await cluster.call('POST', cluster.procedures(), body(cluster.unique('twice')), STRICT);

    expect(warn.headers['warning']).toBe('299 - "duplicate field \\"spec.exclusive\\""');
    expect(warn.json.spec.exclusive).toBe('b');
    expect(strict.json).toMatchObject({
      code: 400,
      message:
        'Procedure in version "v1alpha1" cannot be handled as a Procedure: strict decoding error: duplicate field "spec.exclusive"',
    });
  }),

  contract('another kind or version, or none, is refused', async (cluster) => {
    const made = procedure('wrong', INLINE);
    const kind = await cluster.call('POST', cluster.procedures(), { ...made, kind: 'Other' });
    const version = await cluster.call('POST', cluster.procedures(), { ...made, apiVersion: 'oet.skao.int/v1' });
    const none = await cluster.call('POST', cluster.procedures(), { ...made, kind: undefined });

    expect(kind.code).toBe(422);
    expect(kind.json.message).toContain('kind: Invalid value: "Other": must be Procedure');
    expect(version.json).toMatchObject({
      code: 400,
      message:
        'the API version in the data (oet.skao.int/v1) does not match the expected API version (oet.skao.int/v1alpha1)',
    });
    expect(none).toMatchObject({
      code: 400,
      json: { message: expect.stringContaining("Object 'Kind' is missing in") },
    });
  }),

  contract('a custom kind takes no strategic merge patch', async (cluster) => {
    const name = cluster.unique('nopatch');
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const { json } = await cluster.call(
      'PATCH',
      cluster.procedures(name),
      {},
      { type: 'application/strategic-merge-patch+json' },
    );

    expect(json).toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    });
  }),

  contract('a JSON patch reaches spec and status', async (cluster) => {
    const name = cluster.unique('patched');
    const path = cluster.procedures(name);
    const type = { type: 'application/json-patch+json' };
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const spec = await cluster.must('PATCH', path, [{ op: 'add', path: '/spec/start', value: {} }], type);
    const status = await cluster.must('PATCH', `${path}/status`, [{ op: 'add', path: '/status/id', value: 1 }], type);

    expect(spec.spec.start).toEqual({});
    expect(status.status.id).toBe(1);
  }),

  contract('items of a list of a custom kind say what they are', async (cluster) => {
    const name = cluster.unique('listed');
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    const list = await cluster.must('GET', cluster.procedures(), undefined, {
      query: { fieldSelector: `metadata.name=${name}` },
    });

    expect(list).toMatchObject({ apiVersion: 'oet.skao.int/v1alpha1', kind: 'ProcedureList' });
    expect(list.items).toMatchObject([{ apiVersion: 'oet.skao.int/v1alpha1', kind: 'Procedure' }]);
  }),

  contract('free-form numbers: whole floats become integers, more than 64 bits become floats', async (cluster) => {
    const args = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const kind = await makeKind(cluster, { args });
    // Text both ways: an object on this side would round before it is sent.
    const sent =
      '{"a":1.0,"b":1e2,"c":-0.0,"d":9007199254740993,"e":9223372036854775807,"f":123456789012345678901234567890,"g":1.5,"h":"1.0"}';
    const { code } = await cluster.call(
      'POST',
      kind.path,
      JSON.stringify(kind.thing('one', { args: 0 })).replace('"args":0', `"args":${sent}`),
    );
    const { text } = await cluster.call('GET', `${kind.path}/one`);

    expect(code).toBe(201);
    expect(text).toContain(
      '"args":{"a":1,"b":100,"c":0,"d":9007199254740993,"e":9223372036854775807,"f":1.2345678901234568e+29,"g":1.5,"h":"1.0"}',
    );
  }),
];
