import { validateBuiltin } from '../admission/validate.ts';
import { invalid, type FieldError } from '../errors.ts';
import type { KubeObject } from '../objects.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import type { Resource } from '../resources/resource.ts';
import { validateMeta } from '../validate/names.ts';
import { blocksRules, validateSchema } from '../validate/structural.ts';

/** Everything that a real server checks before it stores an object. Throws 422. */
export function checkObject(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
  const nameKind =
    resource.plural === 'namespaces' ? 'label' : resource.group.startsWith('rbac.') ? 'path' : 'subdomain';
  const errors: FieldError[] = validateMeta(object.metadata, nameKind);
  if (old) errors.push(...newFinalizers(object, old));
  if (resource.schema) {
    const { metadata, ...rest } = object;
    const name = resource.custom
      ? resolveReference(resource.schema).properties?.['metadata']?.properties?.['name']
      : undefined;
    if (name) errors.push(...validateSchema(name, metadata.name, resolveReference, 'metadata.name'));
    errors.push(...validateSchema(withoutMetadata(resource), rest, resolveReference));
  }
  if (resource.custom) {
    if (resource.rules) {
      if (errors.some(blocksRules)) errors.push(RULES_SKIPPED);
      else errors.push(...resource.rules(object, old));
    } else if (errors.some(blocksRules)) {
      errors.push(RULES_SKIPPED);
    }
  } else {
    errors.push(...validateBuiltin(resource, object, old));
  }
  if (errors.length > 0) throw invalid(resource.kind, resource.group, object.metadata.name, errors);
}

const RULES_SKIPPED: FieldError = {
  type: 'FieldValueInvalid',
  field: '<nil>',
  body: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

const schemas = new WeakMap<Resource, NonNullable<Resource['schema']>>();

function withoutMetadata(resource: Resource): NonNullable<Resource['schema']> {
  let schema = schemas.get(resource);
  if (!schema) {
    const whole = resolveReference(resource.schema ?? {});
    schema = { ...whole, required: (whole.required ?? []).filter((key) => key !== 'metadata') };
    schemas.set(resource, schema);
  }
  return schema;
}

function newFinalizers(object: KubeObject, old: KubeObject): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const before = new Set(old.metadata.finalizers);
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length === 0) return [];
  return [
    {
      type: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      body: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(', ')}}`,
    },
  ];
}
