import { jsonText } from './json.ts';
import type { JsonObject } from './objects.ts';

/** One entry of `Status.details.causes`. */
export interface Cause {
  reason?: string;
  message: string;
  field?: string;
}

/** `Status.details`. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** A refusal that is answered as a `Status`; the texts of the functions below are the real server's. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** Texts for `Warning` headers: what was wrong with the body, too, and would not have been refused. */
  warnings: string[] = [];
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** The `Status` object of an error. */
export function statusOf(error: ApiError): JsonObject {
  const { code, reason, message, details } = error;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details ? { details: JSON.parse(JSON.stringify(details)) as JsonObject } : {}),
    code,
  };
}

/** What error texts call a resource: `pods`, `procedures.oet.skao.int`. */
export function qualified(name: string, group: string): string {
  return group === '' ? name : `${name}.${group}`;
}

function resourceDetails(plural: string, group: string, name: string): StatusDetails {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(plural: string, group: string, name: string): ApiError {
  return new ApiError(
    404,
    'NotFound',
    `${qualified(plural, group)} "${name}" not found`,
    resourceDetails(plural, group, name),
  );
}

/** The path is under a known version, but there is no such resource or subresource. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(plural: string, group: string, name: string): ApiError {
  return new ApiError(
    409,
    'AlreadyExists',
    `${qualified(plural, group)} "${name}" already exists`,
    resourceDetails(plural, group, name),
  );
}

export function conflict(plural: string, group: string, name: string, why?: string): ApiError {
  return new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(plural, group)} "${name}": ${
      why ?? 'the object has been modified; please apply your changes to the latest version and try again'
    }`,
    resourceDetails(plural, group, name),
  );
}

/** What a node refuses, with the reason that belongs to its code. */
export function ofRefusal({ code, message }: { code: number; message: string }): ApiError {
  return new ApiError(code, code === 404 ? 'NotFound' : code === 400 ? 'BadRequest' : 'InternalError', message);
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function forbidden(plural: string, group: string, name: string, why: string, causes?: Cause[]): ApiError {
  return new ApiError(403, 'Forbidden', `${qualified(plural, group)} "${name}" is forbidden: ${why}`, {
    ...resourceDetails(plural, group, name),
    ...(causes ? { causes } : {}),
  });
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message);
}

export function unsupportedMediaType(accepted: string[]): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

/** One finding of validation; `type` is the cause's reason. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound';
  field: string;
  /** `Required value: …`, `Invalid value: …: …` */
  body: string;
}

/** A 422 that lists what is wrong, field by field. */
export function invalid(kind: string, group: string, name: string, errors: FieldError[]): ApiError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.body}`))];
  return new ApiError(
    422,
    'Invalid',
    `${qualified(kind, group)} "${name}" is invalid: ${texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`}`,
    {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind,
      causes: errors.map((error) => ({ reason: error.type, message: error.body, field: error.field })),
    },
  );
}

/** Text in quotes, control characters as Go escapes them. */
export function quoted(text: string): string {
  const own: Record<string, string> = { '07': '\\a', '0b': '\\v' };
  return JSON.stringify(text).replace(/\\(?:u00([01][0-9a-f])|.)/g, (all, code?: string) =>
    code === undefined ? all : (own[code] ?? `\\x${code}`),
  );
}

/** How error texts show a value: text in quotes, objects and lists as JSON. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return value === null || value === undefined ? 'null' : jsonText(value);
}

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  body: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  body: `Invalid value: ${shown(value)}: ${detail}`,
});

export const notSupported = (field: string, value: unknown, supported: unknown[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  body: `Unsupported value: ${shown(value)}: supported values: ${supported.map(shown).join(', ')}`,
});

export const fieldForbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  body: `Forbidden: ${detail}`,
});
