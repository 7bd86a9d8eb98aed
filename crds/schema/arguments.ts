import { z } from 'zod';
import { LIMITS } from '../constants.ts';
import { freeObject, list, text, time } from './primitives.ts';
import { withCheck } from './rules.ts';

/** Seen on a real API server; argsJSON exists because of it. */
const LOSSES = 'Kubernetes turns 1.0 into 1, and kubectl apply without --server-side drops null: see argsJSON.';

const fields = {
  args: list(z.unknown(), 1024, 'atomic', `Positional arguments. ${LOSSES}`).optional(),
  kwargs: freeObject(`Keyword arguments. ${LOSSES}`).meta({ maxProperties: 1024 }).optional(),
  argsJSON: text(
    LIMITS.argsJSON,
    'The arguments as JSON text, {"args": […], "kwargs": {…}}, whose values arrive exactly as written: 1.0 stays a ' +
      'float, a long integer whole, and null None. Instead of args and kwargs.',
  ).optional(),
};

/** What is wrong with a text as `argsJSON`, or undefined. */
function argsJSONProblem(source: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a JSON object';
  for (const [key, part] of Object.entries(value)) {
    if (key === 'args' && !Array.isArray(part)) return 'must have a list as "args"';
    if (key === 'kwargs' && (typeof part !== 'object' || part === null || Array.isArray(part))) {
      return 'must have an object as "kwargs"';
    }
    if (key !== 'args' && key !== 'kwargs') return `has the unknown field "${key}"; "args" and "kwargs" are known`;
  }
  return undefined;
}

function oneForm<T extends z.ZodType<{ args?: unknown; kwargs?: unknown; argsJSON?: string | undefined }>>(
  schema: T,
): T {
  const either = withCheck(
    schema,
    {
      // The items of args have no type, so the API server's CEL does not declare the field (seen); dyn() finds it all the same.
      rule: '!has(self.argsJSON) || (!has(dyn(self).args) && !has(self.kwargs))',
      message: 'argsJSON may not be given together with args or kwargs',
      fieldPath: '.argsJSON',
    },
    (value) => value.argsJSON === undefined || (value.args === undefined && value.kwargs === undefined),
    ['argsJSON'],
  );
  const meta = either.meta() ?? {};
  return either
    .superRefine((value, context) => {
      const problem = value.argsJSON === undefined ? undefined : argsJSONProblem(value.argsJSON);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: ['argsJSON'] });
    })
    .meta(meta);
}

/** Arguments of one of the script's functions. */
export const Arguments = oneForm(z.strictObject(fields));

/** The request to run `main`. */
export const Start = oneForm(
  z.strictObject({
    ...fields,
    time: time('When the request was made, where the requester noted it. Has no effect.').optional(),
  }),
);
