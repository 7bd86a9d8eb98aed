import { equalJson, kubeTime, type KubeObject } from '../objects.ts';
import { qualified } from '../errors.ts';
import type { Api } from '../rest/api.ts';
import { deleteObject } from '../rest/delete.ts';

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastTransitionTime: string;
}

/**
 * The namespace controller: a namespace has a default service account, and one that is deleted goes when all that is in
 * it has gone; until then its conditions say what holds it. Contents go in the order of their kinds, which nobody should
 * rely on. Returns the end of it.
 */
export function startNamespaceController(api: Api): () => void {
  const { storage, registry, clock } = api;
  /** Namespaces whose contents are being deleted: the delay is over. */
  const emptying = new Set<string>();
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
    emptying.add(name);
    const kinds = new Map<string, number>();
    const finalizers = new Map<string, number>();
    const count = (map: Map<string, number>, key: string): unknown => map.set(key, (map.get(key) ?? 0) + 1);
    for (const gvr of storage.kinds()) {
      const resource = registry.byGvr(gvr);
      if (!resource?.namespaced) continue;
      for (const object of storage.list(gvr, name)) {
        if (object.metadata.deletionTimestamp === undefined) {
          deleteObject(api, resource, object, { propagationPolicy: 'Background' });
        }
        const left = storage.get(gvr, name, object.metadata.name);
        if (!left) continue;
        count(kinds, qualified(resource.plural, resource.group));
        for (const finalizer of left.metadata.finalizers ?? []) count(finalizers, finalizer);
      }
    }
    if (kinds.size > 0) {
      report(name, kinds, finalizers);
      return;
    }
    emptying.delete(name);
    storage.modify('namespaces', undefined, name, (current) => ({
      ...current,
      spec: { ...(current['spec'] as object | undefined), finalizers: [] },
    }));
  }

  function report(name: string, kinds: Map<string, number>, finalizers: Map<string, number>): void {
    const time = kubeTime(clock.now());
    const remaining = [...kinds].map(([kind, count]) => `${kind} has ${count} resource instances`).join(', ');
    const held = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).join(', ');
    const next: Condition[] = [
      condition('NamespaceContentRemaining', 'SomeResourcesRemain', `Some resources are remaining: ${remaining}`, time),
      held === ''
        ? {
            ...condition(
              'NamespaceFinalizersRemaining',
              'ContentHasNoFinalizers',
              'All content-preserving finalizers finished',
              time,
            ),
            status: 'False',
          }
        : condition(
            'NamespaceFinalizersRemaining',
            'SomeFinalizersRemain',
            `Some content in the namespace has finalizers remaining: ${held}`,
            time,
          ),
    ];
    storage.modify('namespaces', undefined, name, (current) => {
      const status = (current['status'] ?? {}) as { conditions?: Condition[] };
      const untimed = (list: Condition[] | undefined): unknown =>
        list?.map(({ lastTransitionTime: _time, ...rest }) => rest);
      if (equalJson(untimed(status.conditions), untimed(next))) return undefined;
      return { ...current, status: { ...status, conditions: next } };
    });
  }

  function begin(name: string): void {
    const delay = api.namespaceDelay();
    if (delay === 0) empty(name);
    else {
      clock.after(delay, () => {
        empty(name);
      });
    }
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
    } else if (type === 'DELETED' && emptying.has(object.metadata.namespace ?? '')) {
      // the last one to go opens the way; a look through an empty namespace is cheap
      empty(object.metadata.namespace ?? '');
    }
  });
  return () => {
    stopped = true;
    unsubscribe();
  };
}

function condition(type: string, reason: string, message: string, lastTransitionTime: string): Condition {
  return { type, status: 'True', reason, message, lastTransitionTime };
}
