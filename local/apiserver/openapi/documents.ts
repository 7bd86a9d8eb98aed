import { createHash } from 'node:crypto';
import { definitions, textsOf } from '../resources/builtin-schemas.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import type { Schema } from '../validate/schema.ts';

type Document = Record<string, unknown>;

const VERSION_INFO = { title: 'Kubernetes', version: 'v1.35.0' };

function folder(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** `GET /openapi/v3`: where the documents lie; the hash changes with the content. */
export function openApiIndex(resources: Resource[], revision: number): Document {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const { group, version } of resources) {
    const path = folder(group, version);
    const hash = createHash('sha256').update(`${path} ${revision}`).digest('hex').toUpperCase();
    paths[path] ??= { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return { paths };
}

/** `GET /openapi/v3/api/v1` and the like: schemas of the kinds, and paths as far as kubectl looks at them. */
export function openApiDocument(resources: Resource[], group: string, version: string): Document | undefined {
  const served = resources.filter((each) => each.group === group && each.version === version);
  if (served.length === 0) return undefined;
  const schemas: Record<string, unknown> = {};
  for (const resource of served) addSchema(schemas, resource);
  const paths: Record<string, unknown> = {};
  for (const resource of served) addPaths(paths, resource);
  return { openapi: '3.0.0', info: VERSION_INFO, paths, components: { schemas } };
}

function schemaName({ group, version, kind, custom }: Resource): string {
  const reversed = group.split('.').reverse().join('.');
  return custom
    ? `${reversed}.${version}.${kind}`
    : `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
}

function addSchema(schemas: Record<string, unknown>, resource: Resource): void {
  const { group, version, kind, schema = {} } = resource;
  const rendered = schema.$ref === undefined ? render(schema, schemas) : renderDefinition(schema.$ref, schemas);
  const properties = (rendered['properties'] ?? {}) as Document;
  // every kind says the same of these
  const { apiVersion, kind: ofKind, metadata } = textsOf('core.v1.ConfigMap');
  schemas[schemaName(resource)] = {
    ...rendered,
    type: 'object',
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: apiVersion },
      kind: { type: 'string', description: ofKind },
      metadata: { allOf: [reference('meta.v1.ObjectMeta', schemas)], default: {}, description: metadata },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

function reference(name: string, schemas: Record<string, unknown>): Document {
  if (schemas[name] === undefined) {
    schemas[name] = {};
    schemas[name] = renderDefinition(name, schemas);
  }
  return { $ref: `#/components/schemas/${name}` };
}

/** A definition with what is said of it and of its fields. */
function renderDefinition(name: string, schemas: Record<string, unknown>): Document {
  const { '': description, ...texts } = textsOf(name);
  const definition = definitions[name] ?? {};
  const { properties } = definition;
  const described = properties && {
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, each]) => [
        key,
        key in texts ? { ...each, description: texts[key] } : each,
      ]),
    ),
  };
  return render(
    { ...definition, ...(description === undefined ? {} : { description }), ...described } as Schema,
    schemas,
  );
}

/** A schema as OpenAPI v3 writes it: references point into the document, and stand in allOf where something is beside them. */
function render(schema: Schema, schemas: Record<string, unknown>): Document {
  const { $ref, properties, items, additionalProperties, ...rest } = schema;
  const result: Document = { ...rest };
  if ($ref !== undefined) {
    const target = reference($ref, schemas);
    return Object.keys(rest).length === 0 ? target : { ...rest, allOf: [target] };
  }
  if (properties) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([key, each]) => [key, render(each, schemas)]),
    );
  }
  if (items) result['items'] = render(items, schemas);
  if (additionalProperties !== undefined) {
    result['additionalProperties'] =
      typeof additionalProperties === 'boolean' ? additionalProperties : render(additionalProperties, schemas);
  }
  if (schema['x-kubernetes-int-or-string']) result['oneOf'] = [{ type: 'integer' }, { type: 'string' }];
  return result;
}

function query(name: string, type = 'string'): Document {
  return { name, in: 'query', schema: { type, uniqueItems: true } };
}

function addPaths(paths: Record<string, unknown>, resource: Resource): void {
  const { group, version, kind, plural, namespaced, verbs } = resource;
  const base = `/${folder(group, version)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const gvk = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  const answer = {
    responses: {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(resource)}` } } },
      },
    },
  };
  const operation = (action: string, parameters: Document[]): Document => ({
    ...answer,
    ...gvk,
    operationId: `${action}${groupVersion(resource)}${kind}`.replace(/[^A-Za-z0-9]/g, ''),
    'x-kubernetes-action': action,
    parameters,
  });
  const write = [query('dryRun'), query('fieldManager'), query('fieldValidation')];
  paths[base] = {
    ...(verbs.includes('list') ? { get: operation('list', [query('labelSelector'), query('fieldSelector')]) } : {}),
    ...(verbs.includes('create') ? { post: operation('post', write) } : {}),
  };
  if (!verbs.includes('get')) return;
  const one = {
    get: operation('get', []),
    put: operation('put', write),
    patch: operation('patch', [...write, query('force', 'boolean')]),
    delete: operation('delete', [query('dryRun'), query('gracePeriodSeconds', 'integer'), query('propagationPolicy')]),
  };
  paths[`${base}/{name}`] = one;
  if (resource.hasStatus) paths[`${base}/{name}/status`] = { get: one.get, put: one.put, patch: one.patch };
}
