import type { Clock } from '../clock.ts';
import type { KubeObject, OwnerReference } from '../objects.ts';
import type { Api } from '../rest/api.ts';
import { deleteObject } from '../rest/delete.ts';

/** How long an owner may be missing before its dependents go: an owner made in the same breath is no orphan. */
const ABSENT_OWNER_MS = 500;

/**
 * The garbage collector: dependents go when their last owner has gone, by uid; a foreground deletion waits for them; an
 * orphaning one takes the references off. Returns the end of it.
 */
export function startGarbageCollector(api: Api, clock: Clock): () => void {
  const { storage, registry } = api;
  const dependents = new Map<string, Map<string, { gvr: string; namespace: string | undefined; name: string }>>();
  const uids = new Set<string>();
  let stopped = false;

  function link(gvr: string, { metadata }: KubeObject): void {
    for (const { uid } of metadata.ownerReferences ?? []) {
      let owned = dependents.get(uid);
      if (!owned)
        dependents.set(uid, (owned = new Map<string, { gvr: string; namespace: string | undefined; name: string }>()));
      owned.set(metadata.uid ?? '', { gvr, namespace: metadata.namespace, name: metadata.name });
    }
  }

  function unlink({ metadata }: KubeObject, kept?: KubeObject): void {
    const still = new Set((kept?.metadata.ownerReferences ?? []).map((owner) => owner.uid));
    for (const { uid } of metadata.ownerReferences ?? []) {
      if (still.has(uid)) continue;
      const owned = dependents.get(uid);
      owned?.delete(metadata.uid ?? '');
      if (owned?.size === 0) dependents.delete(uid);
    }
  }

  function owned(uid: string): { gvr: string; object: KubeObject }[] {
    return [...(dependents.get(uid)?.values() ?? [])].flatMap(({ gvr, namespace, name }) => {
      const object = storage.get(gvr, namespace, name);
      return object ? [{ gvr, object }] : [];
    });
  }

  /** Deletes a dependent none of whose owners is left. */
  function collect(gvr: string, object: KubeObject): void {
    const resource = registry.byGvr(gvr);
    const current = storage.get(gvr, object.metadata.namespace, object.metadata.name);
    if (stopped || !resource || !current || current.metadata.uid !== object.metadata.uid) return;
    const owners = current.metadata.ownerReferences ?? [];
    const left = owners.filter((owner) => uids.has(owner.uid));
    if (owners.length === left.length) return;
    if (left.length > 0) setOwners(gvr, current, left);
    else deleteObject(api, resource, current, { propagationPolicy: 'Background' });
  }

  function setOwners(gvr: string, { metadata: { namespace, name } }: KubeObject, owners: OwnerReference[]): void {
    storage.modify(gvr, namespace, name, (current) => {
      const { ownerReferences: _old, ...metadata } = current.metadata;
      return { ...current, metadata: { ...metadata, ...(owners.length > 0 ? { ownerReferences: owners } : {}) } };
    });
  }

  function collectAll(uid: string): void {
    for (const { gvr, object } of owned(uid)) collect(gvr, object);
  }

  function checkOwners(gvr: string, object: KubeObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.every((owner) => uids.has(owner.uid))) return;
    clock.after(ABSENT_OWNER_MS, () => {
      collect(gvr, object);
    });
  }

  /** The two finalizers that the collector itself acts for. */
  function finalize(gvr: string, object: KubeObject): void {
    const { metadata } = object;
    const uid = metadata.uid ?? '';
    const finalizers = metadata.finalizers ?? [];
    if (metadata.deletionTimestamp === undefined) return;
    if (finalizers.includes('orphan')) {
      for (const each of owned(uid)) {
        const others = (each.object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
        setOwners(each.gvr, each.object, others);
      }
      drop(gvr, object, 'orphan');
    } else if (finalizers.includes('foregroundDeletion')) {
      const blocking = owned(uid);
      for (const each of blocking) {
        const resource = registry.byGvr(each.gvr);
        if (resource && each.object.metadata.deletionTimestamp === undefined) {
          deleteObject(api, resource, each.object, { propagationPolicy: 'Background' });
        }
      }
      if (owned(uid).length === 0) drop(gvr, object, 'foregroundDeletion');
    }
  }

  function drop(gvr: string, { metadata }: KubeObject, finalizer: string): void {
    storage.modify(gvr, metadata.namespace, metadata.name, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        finalizers: (current.metadata.finalizers ?? []).filter((each) => each !== finalizer),
      },
    }));
  }

  for (const gvr of storage.kinds()) {
    for (const object of storage.list(gvr)) {
      uids.add(object.metadata.uid ?? '');
      link(gvr, object);
    }
  }
  for (const gvr of storage.kinds()) {
    for (const object of storage.list(gvr)) {
      checkOwners(gvr, object);
      finalize(gvr, object);
    }
  }

  const unsubscribe = storage.subscribe(({ type, gvr, object, oldObject }) => {
    const uid = object.metadata.uid ?? '';
    if (type === 'DELETED') {
      uids.delete(uid);
      if (oldObject) unlink(oldObject);
      collectAll(uid);
      for (const owner of object.metadata.ownerReferences ?? [])
        finalizeByUid(owner.uid, owner.apiVersion, owner.kind, owner.name, object.metadata.namespace);
      return;
    }
    if (type === 'ADDED') uids.add(uid);
    if (oldObject?.metadata.ownerReferences) unlink(oldObject, object);
    link(gvr, object);
    if (type === 'ADDED') checkOwners(gvr, object);
    finalize(gvr, object);
  });

  function finalizeByUid(
    uid: string,
    apiVersion: string,
    kind: string,
    name: string,
    namespace: string | undefined,
  ): void {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    const resource = registry.byKind(group, kind);
    const owner = resource && storage.get(resource.gvr, resource.namespaced ? namespace : undefined, name);
    if (resource && owner?.metadata.uid === uid) finalize(resource.gvr, owner);
  }

  return () => {
    stopped = true;
    unsubscribe();
  };
}
