import type { KubeObject } from '../objects.ts';
import type { Api } from '../rest/api.ts';
import { deleteObject } from '../rest/delete.ts';

/**
 * The namespace controller: a namespace has a default service account, and one that is deleted goes when all that is in
 * it has gone. Contents go in the order of their kinds, which nobody should rely on. Returns the end of it.
 */
export function startNamespaceController(api: Api): () => void {
  const { storage, registry, clock } = api;
  let stopped = false;

  function furnish({ metadata }: KubeObject): void {
    if (metadata.deletionTimestamp !== undefined || storage.get('serviceaccounts', metadata.name, 'default')) return;
    storage.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: metadata.name },
    });
  }

  function empty(name: string): void {
    if (stopped || storage.get('namespaces', undefined, name)?.metadata.deletionTimestamp === undefined) return;
    let left = 0;
    for (const gvr of storage.kinds()) {
      const resource = registry.byGvr(gvr);
      if (!resource?.namespaced) continue;
      for (const object of storage.list(gvr, name)) {
        if (object.metadata.deletionTimestamp === undefined)
          deleteObject(api, resource, object, { propagationPolicy: 'Background' });
        if (storage.get(gvr, name, object.metadata.name)) left++;
      }
    }
    if (left > 0) return;
    storage.modify('namespaces', undefined, name, (current) => ({
      ...current,
      spec: { ...(current['spec'] as object | undefined), finalizers: [] },
    }));
  }

  function begin(name: string): void {
    const delay = api.namespaceDelay();
    if (delay === 0) empty(name);
    else
      clock.after(delay, () => {
        empty(name);
      });
  }

  for (const namespace of storage.list('namespaces')) {
    furnish(namespace);
    if (namespace.metadata.deletionTimestamp !== undefined) begin(namespace.metadata.name);
  }
  const unsubscribe = storage.subscribe(({ type, gvr, object, oldObject }) => {
    if (gvr === 'namespaces') {
      if (type === 'ADDED') furnish(object);
      const isNew = oldObject?.metadata.deletionTimestamp === undefined;
      if (type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined && isNew) begin(object.metadata.name);
    } else if (type === 'DELETED' && object.metadata.namespace !== undefined) {
      const namespace = storage.get('namespaces', undefined, object.metadata.namespace);
      // the last one to go opens the way; a look through an empty namespace is cheap
      if (namespace?.metadata.deletionTimestamp !== undefined) empty(namespace.metadata.name);
    }
  });
  return () => {
    stopped = true;
    unsubscribe();
  };
}
