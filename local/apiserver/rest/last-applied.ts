import { isObject, equalJson, type KubeObject } from '../objects.ts';
import { jsonText, parseJson } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { flatten, hasValue, type FieldSet } from './field-set.ts';

/** Where `kubectl apply` keeps what it last sent. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The manager whose server-side applies go on from its client-side ones. */
const KUBECTL = 'kubectl';

/**
 * Fields that kubectl's client-side apply set and nobody has changed since: its server-side apply takes them without a
 * conflict. Empty for other managers.
 */
export function fieldsOfLastApply(manager: string, resource: Resource, current: KubeObject): FieldSet {
  const text = current.metadata.annotations?.[LAST_APPLIED];
  if (manager !== KUBECTL || text === undefined) return new Set();
  let last: unknown;
  try {
    last = parseJson(text);
  } catch {
    return new Set(); // anybody may write into an annotation
  }
  if (!isObject(last)) return new Set();
  const applied = flatten(resource.schema, last);
  const present = flatten(resource.schema, current);
  return new Set(
    [...applied.keys()].filter((path) => hasValue(applied, path) && equalJson(applied.get(path), present.get(path))),
  );
}

/** Keeps the annotation of client-side apply in step with what kubectl applies now, where there is one; in place. */
export function updateLastApplied(manager: string, object: KubeObject, config: KubeObject): void {
  const { annotations } = object.metadata;
  if (manager !== KUBECTL || annotations?.[LAST_APPLIED] === undefined) return;
  const { managedFields: _none, ...metadata } = config.metadata;
  const { [LAST_APPLIED]: _itself, ...others } = metadata.annotations ?? {};
  if (Object.keys(others).length > 0) metadata.annotations = others;
  else delete metadata.annotations;
  object.metadata.annotations = { ...annotations, [LAST_APPLIED]: `${jsonText(sorted({ ...config, metadata }))}\n` };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
