import { jsonText, parseJson } from '../json.ts';
import { randomUUID } from 'node:crypto';
import { equalJson, kubeTime, type KubeObject } from '../objects.ts';
import type { Storage, StorageError, StorageEvent, StorageOptions } from '../storage.ts';
import type { Database } from './database.ts';
import { createWindow } from './window.ts';

type Fail = (reason: StorageError['reason'], message: string) => StorageError;

/** The store: objects in memory, written through to `database` where there is one. See {@link Storage}. */
export function createMemoryStorage(options: StorageOptions, database: Database | undefined, fail: Fail): Storage {
  const now = options.now ?? Date.now;
  const kinds = new Map<string, Map<string, Map<string, KubeObject>>>();
  const texts = new WeakMap<KubeObject, string>();
  const listeners = new Set<(event: StorageEvent) => void>();
  const pending: StorageEvent[] = [];
  const onListenerError =
    options.onListenerError ??
    ((error: unknown) => {
      queueMicrotask(() => {
        throw error;
      });
    });
  let dispatching = false;
  let version = 0;

  if (database) {
    const saved = database.load();
    version = saved.resourceVersion;
    for (const { gvr, json } of saved.objects) {
      const object = parseJson(json) as KubeObject;
      texts.set(object, json);
      place(gvr, object);
    }
  }
  const window = createWindow(options.windowSize ?? 4000, version);

  function place(gvr: string, object: KubeObject): void {
    const { namespace = '', name } = object.metadata;
    let namespaces = kinds.get(gvr);
    if (!namespaces) kinds.set(gvr, (namespaces = new Map<string, Map<string, KubeObject>>()));
    let names = namespaces.get(namespace);
    if (!names) namespaces.set(namespace, (names = new Map<string, KubeObject>()));
    names.set(name, object);
  }

  function json(object: KubeObject): string {
    let text = texts.get(object);
    if (text === undefined) texts.set(object, (text = jsonText(object)));
    return text;
  }

  function get(gvr: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return kinds
      .get(gvr)
      ?.get(namespace ?? '')
      ?.get(name);
  }

  function commit(type: StorageEvent['type'], gvr: string, object: KubeObject, oldObject?: KubeObject): KubeObject {
    const resourceVersion = version + 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
    const { namespace = '', name } = stored.metadata;
    const key = `${namespace}/${name}`;
    if (type === 'DELETED') {
      database?.remove(gvr, key, resourceVersion);
      kinds.get(gvr)?.get(namespace)?.delete(name);
    } else {
      database?.put(gvr, key, json(stored), resourceVersion);
      place(gvr, stored);
    }
    version = resourceVersion;
    const event: StorageEvent = { type, gvr, object: stored, resourceVersion, ...(oldObject ? { oldObject } : {}) };
    window.add(event);
    pending.push(event);
    dispatch();
    return stored;
  }

  // A queue and not a recursion: a listener that writes must not make the others see its write first.
  function dispatch(): void {
    if (dispatching) return;
    dispatching = true;
    try {
      for (let event = pending.shift(); event; event = pending.shift()) {
        for (const listener of [...listeners]) {
          try {
            listener(event);
          } catch (error) {
            onListenerError(error);
          }
        }
      }
    } finally {
      dispatching = false;
    }
  }

  function update(gvr: string, object: KubeObject): KubeObject {
    const { namespace, name, resourceVersion } = object.metadata;
    const current = get(gvr, namespace, name);
    if (!current) throw fail('NotFound', `${gvr} "${name}" not found`);
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
      throw fail('Conflict', `the object has been modified: ${resourceVersion} is not the latest`);
    }
    const next = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: current.metadata.resourceVersion ?? '' },
    };
    if (deletionIsDone(gvr, next)) return commit('DELETED', gvr, next, current);
    if (equalJson(next, current)) return current;
    return commit('MODIFIED', gvr, next, current);
  }

  return {
    get resourceVersion() {
      return version;
    },
    get,
    json,
    update,
    list(gvr, namespace, match) {
      const namespaces = kinds.get(gvr);
      if (!namespaces) return [];
      const names = namespace === undefined ? [...namespaces.keys()].sort() : [namespace];
      const found: KubeObject[] = [];
      for (const ns of names) {
        const objects = namespaces.get(ns);
        if (!objects) continue;
        for (const name of [...objects.keys()].sort()) {
          const object = objects.get(name);
          if (object && (!match || match(object))) found.push(object);
        }
      }
      return found;
    },
    create(gvr, object) {
      const { namespace, name } = object.metadata;
      if (get(gvr, namespace, name)) throw fail('AlreadyExists', `${gvr} "${name}" already exists`);
      const { uid = randomUUID(), creationTimestamp = kubeTime(now()), ...rest } = object.metadata;
      return commit('ADDED', gvr, { ...object, metadata: { ...rest, uid, creationTimestamp } });
    },
    modify(gvr, namespace, name, change) {
      const current = get(gvr, namespace, name);
      if (!current) return undefined;
      const next = change(current);
      return next ? update(gvr, next) : current;
    },
    delete(gvr, namespace, name, preconditions = {}) {
      const current = get(gvr, namespace, name);
      if (!current) return undefined;
      const { uid, resourceVersion } = preconditions;
      if (uid !== undefined && uid !== current.metadata.uid) {
        throw fail(
          'Conflict',
          `the UID in the precondition (${uid}) does not match the UID in record (${current.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
        );
      }
      if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
        throw fail(
          'Conflict',
          `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.metadata.resourceVersion ?? ''}). The object might have been modified`,
        );
      }
      const metadata = {
        ...current.metadata,
        deletionTimestamp: current.metadata.deletionTimestamp ?? kubeTime(now()),
        deletionGracePeriodSeconds: 0,
      };
      if (metadata.finalizers?.length) return update(gvr, { ...current, metadata });
      return commit('DELETED', gvr, current, current);
    },
    kinds: () => [...kinds.keys()],
    since: (gvr, resourceVersion) => window.since(gvr, resourceVersion),
    compact: (gvr) => {
      window.compact(version, gvr);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close: () => {
      listeners.clear();
      database?.close();
    },
  };
}

/** Nothing holds a deleted object any more. A pod's grace is the kubelet's to end; a namespace ends with its contents. */
function deletionIsDone(gvr: string, { metadata, spec }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || metadata.finalizers?.length) return false;
  if (gvr === 'pods') return metadata.deletionGracePeriodSeconds === 0;
  if (gvr === 'namespaces') return !(spec as { finalizers?: string[] } | undefined)?.finalizers?.length;
  return true;
}
