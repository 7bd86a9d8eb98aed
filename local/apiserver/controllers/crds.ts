import type { KubeObject } from '../objects.ts';
import type { Api } from '../rest/api.ts';
import { CRD_FINALIZER, deleteObject } from '../rest/delete.ts';
import { customGvr } from '../resources/custom.ts';

const CRDS = 'apiextensions.k8s.io/customresourcedefinitions';

/** Deletes the objects of a CustomResourceDefinition that is deleted, then lets it go. Returns the end of it. */
export function startCrdController(api: Api): () => void {
  const { storage, registry } = api;

  function empty(crd: KubeObject): void {
    if (crd.metadata.deletionTimestamp === undefined || !crd.metadata.finalizers?.includes(CRD_FINALIZER)) return;
    const gvr = customGvr(crd);
    const resource = registry.byGvr(gvr);
    for (const object of storage.list(gvr)) {
      if (resource && object.metadata.deletionTimestamp === undefined) {
        deleteObject(api, resource, object, { propagationPolicy: 'Background' });
      }
    }
    if (storage.list(gvr).length > 0) return;
    storage.modify(CRDS, undefined, crd.metadata.name, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        finalizers: (current.metadata.finalizers ?? []).filter((each) => each !== CRD_FINALIZER),
      },
    }));
  }

  for (const crd of storage.list(CRDS)) empty(crd);
  return storage.subscribe(({ type, gvr, object }) => {
    if (gvr === CRDS) {
      if (type === 'MODIFIED') empty(object);
    } else if (type === 'DELETED') {
      const resource = registry.byGvr(gvr);
      const crd = resource?.custom && storage.get(CRDS, undefined, `${resource.plural}.${resource.group}`);
      if (crd) empty(crd);
    }
  });
}
