import { jsonText } from '../json.ts';
import { badRequest, invalid, invalidValue } from '../errors.ts';
import { isObject, type KubeObject, type ObjectMeta } from '../objects.ts';
import { objectMetaSchema, resolveReference } from '../resources/builtin-schemas.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import { requireBounded } from '../shape.ts';
import { metaTypeError } from '../validate/names.ts';
import { pruneUnknown } from '../validate/prune.ts';
import { typeError } from '../validate/typed.ts';
import type { WriteOptions } from './api.ts';

/**
 * Takes the body of a write as an object of the resource: kind and version fit, unknown fields are refused, warned of or
 * dropped. The body is changed in place. Throws 400 and 422.
 */
export function decodeObject(
  resource: Resource,
  body: unknown,
  { fieldValidation, textWarnings = [] }: WriteOptions,
): { object: KubeObject; warnings: string[] } {
  const expected = groupVersion(resource);
  requireBounded(body);
  if (!isObject(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${
        Array.isArray(body) ? 'array' : typeof body
      } into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  if (!resource.custom) {
    body['apiVersion'] ??= expected;
    body['kind'] ??= resource.kind;
  } else if (body['kind'] === undefined || body['kind'] === '') {
    const text = jsonText(body);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing in '${text}' (${text.slice(0, 30)}${text.length > 30 ? ' ...' : ''})`,
    );
  }
  const apiVersion = typeof body['apiVersion'] === 'string' ? body['apiVersion'] : '';
  const kind = typeof body['kind'] === 'string' ? body['kind'] : '';
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  body['metadata'] ??= {};
  const cannot = (why: string): Error =>
    badRequest(`${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`);
  const { metadata } = body;
  if (!isObject(metadata)) throw cannot('json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta');
  const wrong = metaTypeError(metadata);
  if (wrong !== undefined) throw cannot(wrong);
  if (kind !== resource.kind) {
    if (!resource.custom) throw cannot(`the kind is ${kind}`);
    throw invalid(kind, resource.group, typeof metadata['name'] === 'string' ? metadata['name'] : '', [
      invalidValue('kind', kind, `must be ${resource.kind}`),
    ]);
  }
  if (!resource.custom && resource.schema) {
    const mistyped = typeError(resource.schema, body, resolveReference);
    if (mistyped !== undefined) throw cannot(mistyped);
  }
  const warnings = [...textWarnings, ...unknownFields(resource, body, metadata)];
  if (fieldValidation === 'Strict' && warnings.length > 0) {
    throw cannot(`strict decoding error: ${warnings.join(', ')}`);
  }
  for (const key of Object.keys(metadata)) if (isEmpty(metadata[key])) Reflect.deleteProperty(metadata, key);
  return { object: body as KubeObject, warnings: fieldValidation === 'Warn' ? warnings : [] };
}

/** What Go leaves out when it writes metadata. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function unknownFields(resource: Resource, body: Record<string, unknown>, metadata: Record<string, unknown>): string[] {
  const inMetadata = pruneUnknown(objectMetaSchema, metadata, resolveReference, 'metadata', false);
  const { metadata: _taken, ...rest } = body;
  const elsewhere = resource.schema ? pruneUnknown(resource.schema, rest, resolveReference) : [];
  for (const key of Object.keys(body)) if (key !== 'metadata' && !(key in rest)) Reflect.deleteProperty(body, key);
  const atRoot = elsewhere.filter((path) => !path.includes('.') && !path.includes('['));
  const deeper = elsewhere.filter((path) => path.includes('.') || path.includes('['));
  return [...inMetadata, ...atRoot, ...deeper].map((path) => `unknown field "${path}"`);
}

/** The object's namespace must be that of the URL; it is filled in where absent. Throws 400. */
export function fitNamespace(resource: Resource, meta: ObjectMeta, namespace: string | undefined): void {
  if (!resource.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace && namespace !== undefined && meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace !== undefined) meta.namespace = namespace;
}
