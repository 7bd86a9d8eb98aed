import { conflict } from '../errors.ts';
import { kubeTime, type KubeObject } from '../objects.ts';
import { customGvr } from '../resources/custom.ts';
import type { Resource } from '../resources/resource.ts';
import { StorageError } from '../storage.ts';
import { shownAs, type Api } from './api.ts';

const CRDS = 'apiextensions.k8s.io/customresourcedefinitions';

/** Holds a CustomResourceDefinition until all of its objects have gone. */
export const CRD_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** `DeleteOptions` as far as they are acted on. */
export interface DeleteOptions {
  gracePeriodSeconds?: number | undefined;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  preconditions?: { uid?: string; resourceVersion?: string } | undefined;
  dryRun?: boolean;
}

/** What a delete came to. */
export interface Deleted {
  /** The object as it was last, or as it stays for now. */
  object: KubeObject;
  /** False while finalizers or a pod's grace hold it. */
  gone: boolean;
}

/**
 * DELETE as a real server does it: pods get their grace (and go at once where no node runs them, or when they have ended),
 * a namespace waits for its contents, finalizers hold. Throws 409 for preconditions that do not hold.
 */
export function deleteObject(api: Api, resource: Resource, current: KubeObject, options: DeleteOptions): Deleted {
  checkPreconditions(resource, current, options);
  const shown = shownAs(resource, current);
  if (options.dryRun) return { object: shown, gone: true };
  const { namespace, name } = current.metadata;
  if (resource.gvr === 'pods') return deletePod(api, resource, current, options);
  if (resource.gvr === 'namespaces') return markNamespace(api, current);
  const finalizers = withPropagation(current.metadata.finalizers ?? [], options.propagationPolicy);
  if (resource.gvr === CRDS && api.storage.list(customGvr(current)).length > 0) {
    if (!finalizers.includes(CRD_FINALIZER)) finalizers.push(CRD_FINALIZER);
  }
  if (finalizers.length === 0) {
    api.storage.delete(resource.gvr, namespace, name);
    return { object: shown, gone: true };
  }
  const marked = api.storage.update(resource.gvr, {
    ...current,
    metadata: { ...deleting(current, api.clock.now(), 0), finalizers },
  });
  return { object: shownAs(resource, marked), gone: false };
}

function checkPreconditions(resource: Resource, current: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion, name } = current.metadata;
  const fail = (what: string, given: string, there: string, end: string): Error =>
    conflict(
      resource.kind,
      resource.group,
      name,
      `the ${what} in the precondition (${given}) does not match the ${what} in record (${there}). The object might have been ${end}`,
    );
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw fail('UID', preconditions.uid, uid ?? '', 'deleted and then recreated');
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw fail('ResourceVersion', preconditions.resourceVersion, resourceVersion ?? '', 'modified');
  }
}

function withPropagation(finalizers: string[], policy: DeleteOptions['propagationPolicy']): string[] {
  const own = finalizers.filter((each) => each !== 'orphan' && each !== 'foregroundDeletion');
  if (policy === 'Orphan') return [...own, 'orphan'];
  if (policy === 'Foreground') return [...own, 'foregroundDeletion'];
  return policy === 'Background' ? own : finalizers;
}

function deleting(current: KubeObject, now: number, grace: number): KubeObject['metadata'] {
  const { metadata } = current;
  const isFirst = metadata.deletionTimestamp === undefined;
  return {
    ...metadata,
    deletionTimestamp: isFirst || grace > 0 ? kubeTime(now + grace * 1000) : (metadata.deletionTimestamp ?? ''),
    deletionGracePeriodSeconds: grace,
    ...(isFirst && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : {}),
  };
}

function deletePod(api: Api, resource: Resource, pod: KubeObject, options: DeleteOptions): Deleted {
  const { namespace, name, deletionGracePeriodSeconds } = pod.metadata;
  const spec = pod['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  let grace = options.gracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
  if (grace < 0) grace = 1;
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') grace = 0;
  const isDeleting = pod.metadata.deletionTimestamp !== undefined;
  // a later delete may only shorten the grace
  if (isDeleting && grace > 0 && grace >= (deletionGracePeriodSeconds ?? 0)) return { object: pod, gone: false };
  const finalizers = withPropagation(pod.metadata.finalizers ?? [], options.propagationPolicy);
  if (grace === 0 && finalizers.length === 0) {
    const last = api.storage.delete('pods', namespace, name);
    return { object: shownAs(resource, last ?? pod), gone: true };
  }
  const { finalizers: _old, ...metadata } = deleting(pod, api.clock.now(), grace);
  const marked = api.storage.update('pods', {
    ...pod,
    metadata: { ...metadata, ...(finalizers.length > 0 ? { finalizers } : {}) },
  });
  return { object: marked, gone: false };
}

function markNamespace(api: Api, namespace: KubeObject): Deleted {
  if (namespace.metadata.deletionTimestamp !== undefined) return { object: namespace, gone: false };
  const { deletionGracePeriodSeconds: _none, ...metadata } = deleting(namespace, api.clock.now(), 0);
  const marked = api.storage.update('namespaces', { ...namespace, metadata, status: { phase: 'Terminating' } });
  return { object: marked, gone: false };
}

/** True for what storage says when the object changed or went meanwhile. */
export function isStorageError(error: unknown): error is StorageError {
  return error instanceof StorageError;
}
