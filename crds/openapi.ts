import { openAPIV3Schema } from './crd.ts';
import type { JsonSchema } from './structural.ts';

/** A schema of an OpenAPI document, or a reference to one. */
export type OpenApiSchema = Record<string, unknown>;

/** Parts of the Procedure that get a name of their own in OpenAPI documents, and where they stand. Children come first. */
const PARTS: readonly { name: string; path: readonly string[] }[] = [
  { name: 'ProcedureScript', path: ['spec', 'script'] },
  { name: 'ProcedureArguments', path: ['spec', 'main'] },
  { name: 'ProcedureStart', path: ['spec', 'start'] },
  { name: 'ProcedureStop', path: ['spec', 'stop'] },
  { name: 'ProcedurePodTemplate', path: ['spec', 'podTemplate'] },
  { name: 'ProcedureFailure', path: ['status', 'failure'] },
  { name: 'ProcedureSpec', path: ['spec'] },
  { name: 'ProcedureStatus', path: ['status'] },
];

/** `components.schemas` for OpenAPI 3.0 and 3.1 documents: Procedure and its parts, without Kubernetes' extensions. */
export function openAPISchemas(): Record<string, OpenApiSchema> {
  const root = plain(openAPIV3Schema());
  const schemas: Record<string, OpenApiSchema> = {};
  for (const { name, path } of PARTS) {
    const parent = path.slice(0, -1).reduce<OpenApiSchema>(child, root);
    const last = path.at(-1) ?? '';
    schemas[name] = child(parent, last);
    (parent['properties'] as Record<string, OpenApiSchema>)[last] = reference(name);
  }
  const spec = schemas['ProcedureSpec']?.['properties'] as Record<string, OpenApiSchema>;
  spec['init'] = reference('ProcedureArguments');
  return { Procedure: root, ...schemas };
}

function reference(name: string): OpenApiSchema {
  return { $ref: `#/components/schemas/${name}` };
}

function child(schema: OpenApiSchema, key: string): OpenApiSchema {
  const found = (schema['properties'] as Record<string, OpenApiSchema> | undefined)?.[key];
  if (found === undefined) throw new Error(`no field ${key} in the schema`);
  return found;
}

function plain(schema: JsonSchema): OpenApiSchema {
  if (schema['x-kubernetes-int-or-string'] === true) {
    const { description } = schema;
    return { ...(description === undefined ? {} : { description }), anyOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  const { properties, items, additionalProperties, ...rest } = schema;
  const kept = Object.entries(rest).filter(([key]) => !key.startsWith('x-kubernetes-'));
  return {
    ...Object.fromEntries(kept),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, plain(value)])) }),
    ...(items === undefined ? {} : { items: plain(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: plain(additionalProperties) } : {}),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true && schema.type === 'object'
      ? { additionalProperties: true }
      : {}),
  };
}
