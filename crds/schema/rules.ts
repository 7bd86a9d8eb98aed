import type { z } from 'zod';

/** A validation rule in CEL as a CRD carries it (`x-kubernetes-validations`). No optional types; see README.md. */
export interface CelRule {
  /** The expression; `self` is the value, `oldSelf` (updates only) what it was. */
  rule: string;
  /** What the user reads. */
  message: string;
  /** The field to blame, relative to the value, as `.a.b`. */
  fieldPath?: string;
  /** Kubernetes' class of error: `FieldValueForbidden` for what may not change, else `FieldValueInvalid`. */
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
}

/** Keys of a schema's metadata that go into the CRD as they are. */
export const CEL_KEY = 'x-kubernetes-validations';

/** `schema` with CEL rules added behind those it has. They bind on the API server only. */
export function withRules<T extends z.ZodType>(schema: T, ...rules: CelRule[]): T {
  const meta = schema.meta() ?? {};
  const before = (meta[CEL_KEY] ?? []) as CelRule[];
  return schema.meta({ ...meta, [CEL_KEY]: [...before, ...rules] });
}

/** A rule in both languages: `cel` for the API server, `holds` for {@link z}. `path` names the field to blame. */
export function withCheck<T extends z.ZodType>(
  schema: T,
  cel: CelRule,
  holds: (value: z.output<T>) => boolean,
  path: string[] = [],
): T {
  const meta = schema.meta();
  const checked = schema.superRefine((value, context) => {
    if (!holds(value)) context.addIssue({ code: 'custom', message: cel.message, path });
  });
  return withRules(meta === undefined ? checked : checked.meta(meta), cel);
}

function present(value: unknown, fields: readonly string[]): string[] {
  return fields.filter((field) => (value as Record<string, unknown>)[field] !== undefined);
}

/** Exactly one of `fields` must be there. */
export function exactlyOneOf<T extends z.ZodType>(schema: T, fields: readonly string[]): T {
  const names = fields.join(', ');
  const count = fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ');
  return withCheck(
    schema,
    { rule: `${count} == 1`, message: `exactly one of ${names} must be given` },
    (value) => present(value, fields).length === 1,
  );
}

/** At most one of `fields` may be there. */
export function atMostOneOf<T extends z.ZodType>(schema: T, fields: readonly string[]): T {
  const names = fields.join(', ');
  const count = fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ');
  return withCheck(
    schema,
    { rule: `${count} <= 1`, message: `at most one of ${names} may be given` },
    (value) => present(value, fields).length <= 1,
  );
}

/** CEL for "`path` has not changed", where one of its parents or itself may be absent. `path` is like `spec.main`. */
export function unchanged(path: string): string {
  return `(has(self.${path}) ? has(oldSelf.${path}) && self.${path} == oldSelf.${path} : !has(oldSelf.${path}))`;
}

/** CEL for "`path`, once set, stays as it is": it may be set, neither changed nor removed. */
export function latched(path: string): string {
  return `!has(oldSelf.${path}) || (has(self.${path}) && self.${path} == oldSelf.${path})`;
}
