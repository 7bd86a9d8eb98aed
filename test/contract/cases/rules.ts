import { expect } from '@jest/globals';
import { CASES, UNKNOWN } from '../../../crds/testing/cases.ts';
import type { Answer as Expected } from '../../../crds/testing/cases.ts';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Answer } from '../harness/http.ts';
import { procedure } from '../harness/procedures.ts';

function judge(answer: Answer, expected: Expected): void {
  if (expected === 'ok') {
    expect(answer.code < 300 ? 'ok' : answer.json?.message).toBe('ok');
    return;
  }
  expect(answer).toMatchObject({ code: 422, json: { reason: 'Invalid' } });
  // Several rules may blame one field.
  const causes = answer.json.details.causes as { field: string; message: string }[];
  const messages = causes.filter(({ field }) => field === expected.field).map(({ message }) => message);
  expect(messages).toContainEqual(expect.stringContaining(expected.says));
}

/** Every manifest and every change of crds/testing/cases.ts, over the wire. */
export const RULES: readonly ContractCase[] = [
  ...CASES.map(({ name, spec, answer, steps = [] }) =>
    contract(name, async (cluster) => {
      const object = cluster.unique('rules');
      judge(await cluster.call('POST', cluster.procedures(), procedure(object, spec)), answer);
      for (const step of steps) {
        const path = step.status === true ? cluster.procedures(object, 'status') : cluster.procedures(object);
        judge(await cluster.call('PATCH', path, step.patch), step.answer);
      }
    }),
  ),
  ...UNKNOWN.map(({ spec, field }) =>
    contract(`unknown ${field}`, async (cluster) => {
      const { code, json } = await cluster.call('POST', cluster.procedures(), procedure('unknown', spec), {
        query: { fieldValidation: 'Strict' },
      });

      expect(code).toBe(400);
      expect(json.message).toContain(`unknown field "${field}"`);
    }),
  ),
];
