import type { z } from 'zod';
import { Procedure } from './schema/procedure.ts';

/** One thing that is wrong with a manifest. */
export interface Problem {
  /** The field, as `spec.script.git.path` or `spec.init.args[3]`; empty for the manifest as a whole. */
  field: string;
  /** What is wrong with it, without the field's name. */
  message: string;
}

/** What is wrong with `manifest` as a new Procedure; an empty list if nothing is. Unknown fields are named, each one. */
export function validateProcedure(manifest: unknown): Problem[] {
  const result = Procedure.safeParse(manifest, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap(problems);
}

function problems(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: 'unknown field' }));
  }
  return [{ field: fieldName(issue.path), message: message(issue) }];
}

function message(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return issue.message.replace(/^Invalid input: /, '');
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    const key = String(part);
    if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${name}["${key}"]`;
    return name === '' ? key : `${name}.${key}`;
  }, '');
}
