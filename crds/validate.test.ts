import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { API_VERSION, KIND } from './constants.ts';
import { Procedure } from './schema/procedure.ts';
import { CASES, UNKNOWN } from './testing/cases.ts';
import { validateProcedure } from './validate.ts';

const manifest = (spec: unknown) => ({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'a' }, spec });
const least = { script: { inline: 'x' } };

describe('the schema says what the API server says', () => {
  test.each(CASES)('$name', ({ spec, answer }) => {
    const problems = validateProcedure(manifest(spec));

    if (answer === 'ok') expect(problems).toEqual([]);
    else expect(problems.map(({ field }) => field)).toContain(answer.field);
  });

  test.each(UNKNOWN)('$field is unknown', ({ spec, field }) => {
    expect(validateProcedure(manifest(spec))).toContainEqual({ field, message: 'unknown field' });
  });
});

describe('messages', () => {
  test.each([
    { name: 'no object', object: 'x', problem: { field: '', message: 'expected object, received string' } },
    {
      name: 'no spec',
      object: { apiVersion: API_VERSION, kind: KIND, metadata: {} },
      problem: { field: 'spec', message: 'required' },
    },
    {
      name: 'another kind',
      object: { ...manifest(least), kind: 'Job' },
      problem: { field: 'kind', message: 'expected "Procedure"' },
    },
    {
      name: 'a name that is no label',
      object: { ...manifest(least), metadata: { name: 'a'.repeat(64) } },
      problem: { field: 'metadata.name', message: 'Too big: expected string to have <=63 characters' },
    },
    {
      name: 'argsJSON that is not JSON',
      object: manifest({ ...least, main: { argsJSON: '{' } }),
      problem: { field: 'spec.main.argsJSON', message: expect.stringContaining('is not JSON') },
    },
    {
      name: 'argsJSON with a field too many',
      object: manifest({ ...least, main: { argsJSON: '{"arg": []}' } }),
      problem: { field: 'spec.main.argsJSON', message: 'has the unknown field "arg"; "args" and "kwargs" are known' },
    },
    {
      name: 'a value among many',
      object: manifest({ ...least, podTemplate: { env: [{ name: 'A' }, { name: 'a b' }] } }),
      problem: { field: 'spec.podTemplate.env[1].name', message: expect.stringContaining('must match') },
    },
  ])('$name', ({ object, problem }) => {
    expect(validateProcedure(object)).toContainEqual(problem);
  });
});

describe('parsing', () => {
  test('fills in the defaults that the CRD has', () => {
    const { spec, status } = Procedure.parse(manifest({ ...least, stop: {} }));

    expect(spec).toEqual({
      ...least,
      startPolicy: 'Manual',
      stop: { mode: 'Graceful', gracePeriodSeconds: 10 },
      deadlines: { prepareSeconds: 600 },
      retention: { podSeconds: 0, outputSeconds: 2_592_000 },
      output: { maxBytes: 67_108_864, captureSeconds: 3600 },
    });
    expect(status).toEqual({ observedGeneration: -1 });
  });

  test('never throws, whatever the manifest is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (value, spec) => {
        validateProcedure(value);
        expect(Array.isArray(validateProcedure(manifest(spec)))).toBe(true);
      }),
    );
  });

  test('takes any JSON value as an argument', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 20 }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (args, kwargs) => {
          expect(validateProcedure(manifest({ ...least, main: { args, kwargs } }))).toEqual([]);
          expect(
            validateProcedure(
              manifest({ ...least, main: { argsJSON: JSON.stringify({ args, kwargs }).slice(0, 65_536) } }),
            ),
          ).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
