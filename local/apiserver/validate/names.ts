import { invalidValue, required, type FieldError } from '../errors.ts';
import { isObject, type ObjectMeta, type OwnerReference } from '../objects.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** What is wrong with an object's metadata; `label` names are those that may have no dots (namespaces). */
export function validateMeta(meta: ObjectMeta, nameKind: 'subdomain' | 'label' | 'path'): FieldError[] {
  const errors: FieldError[] = [];
  const { name } = meta;
  if (!name) {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else if (nameKind === 'path') {
    if (name === '.' || name === '..' || /[/%]/.test(name)) {
      errors.push(invalidValue('metadata.name', name, "may not contain '/' or '%' and may not be '.' or '..'"));
    }
  } else {
    const [pattern, most, text] =
      nameKind === 'label' ? ([LABEL, 63, LABEL_TEXT] as const) : ([SUBDOMAIN, 253, SUBDOMAIN_TEXT] as const);
    if (name.length > most) {
      errors.push(invalidValue('metadata.name', name, `must be no more than ${most} bytes`));
    }
    if (!pattern.test(name)) errors.push(invalidValue('metadata.name', name, text));
  }
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    errors.push(...qualifiedName('metadata.labels', key));
    if (value.length > 63) errors.push(invalidValue('metadata.labels', value, 'must be no more than 63 bytes'));
    if (!VALUE.test(value)) errors.push(invalidValue('metadata.labels', value, VALUE_TEXT));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(meta.annotations ?? {})) {
    errors.push(...qualifiedName('metadata.annotations', key.toLowerCase()));
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (annotationBytes > 262144) {
    errors.push({
      type: 'FieldValueTooLong',
      field: 'metadata.annotations',
      body: 'Too long: may not be more than 262144 bytes',
    });
  }
  errors.push(...validateOwners(meta.ownerReferences ?? []));
  for (const finalizer of meta.finalizers ?? []) {
    if (!finalizer.includes('/') && !['foregroundDeletion', 'orphan', 'kubernetes'].includes(finalizer)) {
      errors.push(
        invalidValue(
          'metadata.finalizers',
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
  }
  return errors;
}

function validateOwners(owners: OwnerReference[]): FieldError[] {
  const path = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  for (const owner of owners) {
    if (!owner.apiVersion) errors.push(invalidValue(`${path}.apiVersion`, '', 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const) {
      if (!owner[key]) errors.push(invalidValue(`${path}.${key}`, '', 'must not be empty'));
    }
  }
  const [first, second] = owners.filter((owner) => owner.controller === true);
  if (first && second) {
    const which = `Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`;
    errors.push(invalidValue(path, owners, `Only one reference can have Controller set to true. ${which}`));
  }
  return errors;
}

function qualifiedName(field: string, key: string): FieldError[] {
  const slash = key.indexOf('/');
  const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  const errors: FieldError[] = [];
  if (name.includes('/')) {
    const text = `a valid label key ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
    return [invalidValue(field, key, text)];
  }
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) {
    errors.push(invalidValue(field, key, `prefix part ${SUBDOMAIN_TEXT}`));
  }
  if (name.length > 63) errors.push(invalidValue(field, key, 'name part must be no more than 63 bytes'));
  if (!QUALIFIED.test(name)) errors.push(invalidValue(field, key, `name part ${QUALIFIED_TEXT}`));
  return errors;
}

/** Where `metadata` cannot even be read; the text is the decoder's. */
export function metaTypeError(meta: Record<string, unknown>): string | undefined {
  const text = (field: string, value: unknown, type: string): string =>
    `json: cannot unmarshal ${goType(value)} into Go struct field ObjectMeta.${field} of type ${type}`;
  for (const field of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const) {
    const value = meta[field];
    if (value !== undefined && value !== null && typeof value !== 'string') return text(field, value, 'string');
  }
  for (const field of ['labels', 'annotations'] as const) {
    const value = meta[field];
    if (value === undefined || value === null) continue;
    if (!isObject(value)) return text(field, value, 'map[string]string');
    for (const each of Object.values(value)) {
      if (each !== null && typeof each !== 'string') return text(field, each, 'string');
    }
  }
  for (const [field, type] of [
    ['finalizers', '[]string'],
    ['ownerReferences', '[]v1.OwnerReference'],
  ] as const) {
    const value = meta[field];
    if (value !== undefined && value !== null && !Array.isArray(value)) return text(field, value, type);
  }
  return undefined;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
