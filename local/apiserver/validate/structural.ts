import { jsonText } from '../json.ts';
import { equalJson, isObject } from '../objects.ts';
import { invalidValue, notSupported, quoted, required, type FieldError } from '../errors.ts';
import { child, propertySchema, type Resolve, type Schema } from './schema.ts';
import { hasFormat } from './formats.ts';

/** What is wrong with a value, in the words of the real server. `path` is the field it stands in. */
export function validateSchema(schema: Schema, value: unknown, resolve: Resolve, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  check(schema, value, resolve, path, errors);
  return errors;
}

/** Errors after which a real server does not evaluate CEL rules. */
export function blocksRules(error: FieldError): boolean {
  return (
    error.type === 'FieldValueRequired' ||
    error.type === 'FieldValueNotSupported' ||
    error.type === 'FieldValueTooLong' ||
    error.type === 'FieldValueTooMany' ||
    error.type === 'FieldValueTypeInvalid'
  );
}

function check(schemaOrRef: Schema, value: unknown, resolve: Resolve, path: string, errors: FieldError[]): void {
  const schema = resolve(schemaOrRef);
  if (value === undefined || value === null) return;
  const mismatch = typeMismatch(schema, value);
  if (mismatch !== undefined) {
    const told = formatName(schema, value);
    if (told !== undefined) errors.push(typeInvalid(path, mismatch, told));
    if (typeof value === 'number' && schema.type === 'integer') checkNumber(schema, value, path, errors);
    checkEnum(schema, value, path, errors);
    return;
  }
  if (typeof value === 'string') checkString(schema, value, path, errors);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, path, errors);
  else if (Array.isArray(value)) checkArray(schema, value, resolve, path, errors);
  else if (isObject(value)) checkObject(schema, value, resolve, path, errors);
  checkEnum(schema, value, path, errors);
  checkCombined(schema, value, resolve, path, errors);
}

function typeMismatch(schema: Schema, value: unknown): string | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    return typeof value === 'string' || typeName(value) === 'integer' ? undefined : 'integer,string';
  }
  const { type } = schema;
  if (type === undefined || type === '') return undefined;
  const actual = typeName(value);
  if (type === actual || (type === 'number' && actual === 'integer')) return undefined;
  return type === 'string' && schema.format === 'date-time' ? 'date-time' : type;
}

/** How the real server calls a value of the wrong type: where text is to be a time, by Go's names, and a list not at all. */
function formatName({ type, format }: Schema, value: unknown): string | undefined {
  const actual = typeName(value);
  if (type !== 'string' || format !== 'date-time') return actual;
  if (actual === 'array') return undefined;
  return actual === 'integer' ? 'int64' : actual === 'number' ? 'float64' : '';
}

function typeInvalid(path: string, type: string, shownValue: string): FieldError {
  const text = quoted(shownValue);
  return {
    type: 'FieldValueTypeInvalid',
    field: path === '' ? '<nil>' : path,
    body: `Invalid value: ${text}: ${path} in body must be of type ${type}: ${text}`,
  };
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'; // larger ones are bigints
  return value === null ? 'null' : typeof value;
}

function checkEnum(schema: Schema, value: unknown, path: string, errors: FieldError[]): void {
  if (schema.enum && !schema.enum.some((allowed) => equalJson(allowed, value))) {
    errors.push(notSupported(path, value, schema.enum));
  }
}

/** Code points, which is what a real server counts. */
function characters(text: string): number {
  return text.length - (text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0);
}

function checkString(schema: Schema, value: string, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (maxLength !== undefined && characters(value) > maxLength) {
    errors.push({ type: 'FieldValueTooLong', field: path, body: `Too long: may not be more than ${maxLength} bytes` });
  } else if (minLength !== undefined && characters(value) < minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
  }
  if (format !== undefined && !hasFormat(format, value)) errors.push(typeInvalid(path, format, value));
}

function checkNumber(schema: Schema, value: number | bigint, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const bad = (detail: string): void => {
    errors.push(invalidValue(path, value, `${path} in body should be ${detail}`));
  };
  const bound = typeName(value) === 'integer' ? String : goFloat;
  if (format === 'int32' && (value > 2147483647 || value < -2147483648)) {
    errors.push(invalidValue(path, value, `${path} in body should be a int32`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    bad(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${bound(minimum)}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    bad(`less than ${exclusiveMaximum ? '' : 'or equal to '}${bound(maximum)}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(Number(value) / multipleOf)) bad(`a multiple of ${multipleOf}`);
}

/** A bound beside a value that is no integer: as Go's %v writes a float64. */
function goFloat(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function tooMany(path: string, count: number, most: number): FieldError {
  return { type: 'FieldValueTooMany', field: path, body: `Too many: ${count}: must have at most ${most} items` };
}

function checkArray(schema: Schema, value: unknown[], resolve: Resolve, path: string, errors: FieldError[]): void {
  const { items, minItems, maxItems } = schema;
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`));
  }
  if (items) {
    const { type, nullable } = resolve(items);
    value.forEach((item, i) => {
      // A null field was dropped before; a null item stays, and is of no type.
      if (item !== null) check(items, item, resolve, `${path}[${i}]`, errors);
      else if (type !== undefined && nullable !== true) errors.push(typeInvalid(`${path}[${i}]`, type, 'null'));
    });
  }
  checkDuplicates(schema, value, path, errors);
}

function checkDuplicates(schema: Schema, value: unknown[], path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const stranger = value.findIndex((item) => listType === 'map' && item !== null && !isObject(item));
  if (stranger >= 0) {
    errors.push(
      invalidValue(`${path}[${stranger}]`, value[stranger], 'must be an object for an array of list-type map'),
    );
    return;
  }
  const seen = new Map<string, number>();
  value.forEach((item, i) => {
    const fields = isObject(item) ? item : {};
    const identity =
      listType === 'map'
        ? Object.fromEntries(keys.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]))
        : item;
    const text = jsonText(identity);
    const times = (seen.get(text) ?? 0) + 1;
    if (times === 2) {
      errors.push({ type: 'FieldValueDuplicate', field: `${path}[${i}]`, body: `Duplicate value: ${text}` });
    }
    seen.set(text, times);
  });
}

function checkObject(
  schema: Schema,
  value: Record<string, unknown>,
  resolve: Resolve,
  path: string,
  errors: FieldError[],
): void {
  const count = Object.keys(value).length;
  const { minProperties, maxProperties } = schema;
  if (maxProperties !== undefined && count > maxProperties) errors.push(tooMany(path, count, maxProperties));
  if (minProperties !== undefined && count < minProperties) {
    errors.push(invalidValue(path, count, `${path} in body should have at least ${minProperties} properties`));
  }
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) errors.push(required(child(path, key)));
  }
  for (const key of Object.keys(value).sort()) {
    const property = propertySchema(schema, key);
    if (property) check(property, value[key], resolve, child(path, key), errors);
  }
}

function checkCombined(schema: Schema, value: unknown, resolve: Resolve, path: string, errors: FieldError[]): void {
  const { allOf, anyOf, oneOf, not } = schema;
  const nowhere = (detail: string): FieldError => invalidValue('<nil>', '', `"${path}" ${detail}`);
  const results = (schemas: Schema[]): FieldError[][] =>
    schemas.map((each) => validateSchema(each, value, resolve, path));
  if (allOf) for (const found of results(allOf)) errors.push(...found);
  // int-or-string is written as anyOf of both types and has been checked as a type
  if (anyOf && !schema['x-kubernetes-int-or-string']) {
    const found = results(anyOf);
    if (!found.some((each) => each.length === 0)) {
      errors.push(nowhere('must validate at least one schema (anyOf)'), ...(found[0] ?? []));
    }
  }
  if (oneOf) {
    const found = results(oneOf);
    const valid = found.filter((each) => each.length === 0).length;
    if (valid === 0) {
      errors.push(nowhere('must validate one and only one schema (oneOf). Found none valid'), ...(found[0] ?? []));
    } else if (valid > 1) {
      errors.push(nowhere(`must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
    }
  }
  if (not && validateSchema(not, value, resolve, path).length === 0) {
    errors.push(nowhere('must not validate the schema (not)'));
  }
}
