import { z } from 'zod';

/** Free text of at most `max` characters (the API server counts characters, not bytes). */
export function text(max: number, description: string): z.ZodString {
  return z.string().max(max).meta({ description });
}

/** Text that is not empty. */
export function word(max: number, description: string): z.ZodString {
  return z.string().min(1).max(max).meta({ description });
}

/** A whole number between `min` and `max`, both included. */
export function integer(min: number, max: number, description: string): z.ZodInt {
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ description, ...(max > 2_147_483_647 ? { format: 'int64' } : {}) });
}

/** A time in RFC 3339; fractions of a second are kept as written. */
export function time(description: string): z.ZodISODateTime {
  return z.iso.datetime({ offset: true }).max(64).meta({ description, format: 'date-time' });
}

/** Name of another Kubernetes object: a DNS subdomain. */
export function objectName(description: string): z.ZodString {
  return z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
    .meta({ description });
}

/** A list; `kind` is Kubernetes' list type, `map` with the key that tells its items apart. */
export function list<T extends z.ZodType>(
  item: T,
  max: number,
  kind: 'atomic' | 'set' | { map: string[] },
  description: string,
): z.ZodArray<T> {
  const type = typeof kind === 'string' ? kind : 'map';
  return z
    .array(item)
    .max(max)
    .meta({
      description,
      'x-kubernetes-list-type': type,
      ...(typeof kind === 'string' ? {} : { 'x-kubernetes-list-map-keys': kind.map }),
    });
}

/** A map from text to text, such as labels. */
export function textMap(max: number, maxValue: number, description: string): z.ZodRecord<z.ZodString, z.ZodString> {
  return z.record(z.string(), z.string().max(maxValue)).meta({ description, maxProperties: max });
}

/** An object whose fields are not ours to know. */
export function freeObject(description: string): z.ZodRecord<z.ZodString, z.ZodUnknown> {
  return z.record(z.string(), z.unknown()).meta({ description });
}
