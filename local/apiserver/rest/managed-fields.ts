import { kubeTime, type KubeObject, type ManagedFieldsEntry } from '../objects.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import { changedFields, flatten, fromFieldsV1, toFieldsV1, type FieldSet } from './field-set.ts';

/**
 * The managedFields after a plain write: what it changed belongs to its manager, what it removed to nobody.
 */
export function trackUpdate(
  resource: Resource,
  old: KubeObject | undefined,
  next: KubeObject,
  manager: string,
  subresource: string | undefined,
  now: number,
): ManagedFieldsEntry[] {
  const before = old ? flatten(resource.schema, behindDoor(resource, old, subresource)) : new Map<string, unknown>();
  const after = flatten(resource.schema, behindDoor(resource, next, subresource));
  const changed = changedFields(before, after);
  const removed = new Set([...before.keys()].filter((path) => !after.has(path)));
  const entries = next.metadata.managedFields ?? [];
  if (changed.size === 0 && removed.size === 0) return entries;
  let own: FieldSet = new Set();
  const others: ManagedFieldsEntry[] = [];
  for (const entry of entries) {
    const fields = fromFieldsV1(entry.fieldsV1);
    const isOwn = entry.manager === manager && entry.operation === 'Update' && entry.subresource === subresource;
    const kept = new Set([...fields].filter((path) => !removed.has(path) && (isOwn || !changed.has(path))));
    if (isOwn) own = kept;
    else if (kept.size === fields.size) others.push(entry);
    else if (kept.size > 0) others.push({ ...entry, fieldsV1: toFieldsV1(kept) });
  }
  const mine = new Set([...own, ...changed]);
  if (mine.size === 0) return others;
  return sortEntries([...others, entryOf(resource, manager, 'Update', subresource, mine, now)]);
}

/** In a real server's order: applies before updates, each by time, then by name. */
export function sortEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const keys = ({ operation, time = '', manager, apiVersion, subresource = '' }: ManagedFieldsEntry): string[] => [
    operation,
    time,
    manager,
    apiVersion,
    subresource,
  ];
  return [...entries].sort((a, b) => {
    const others = keys(b);
    for (const [index, key] of keys(a).entries()) {
      const other = others[index] ?? '';
      if (key !== other) return key < other ? -1 : 1;
    }
    return 0;
  });
}

/** The part that a write through this door can change. */
function behindDoor(resource: Resource, object: KubeObject, subresource: string | undefined): Record<string, unknown> {
  if (subresource === 'status') return { status: object['status'] };
  if (!resource.hasStatus) return object;
  const { status: _status, ...rest } = object;
  return rest;
}

/** One entry of managedFields. */
export function entryOf(
  resource: Resource,
  manager: string,
  operation: ManagedFieldsEntry['operation'],
  subresource: string | undefined,
  fields: FieldSet,
  now: number,
): ManagedFieldsEntry {
  return {
    apiVersion: groupVersion(resource),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    manager,
    operation,
    ...(subresource === undefined ? {} : { subresource }),
    time: kubeTime(now),
  };
}
