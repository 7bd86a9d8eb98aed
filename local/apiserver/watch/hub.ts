import { jsonText } from '../json.ts';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { ApiError } from '../errors.ts';
import { expired, statusOf } from '../errors.ts';
import type { KnobValues } from '../knobs.ts';
import type { KubeObject } from '../objects.ts';
import type { Resource } from '../resources/resource.ts';
import { shownAs } from '../rest/api.ts';
import type { Match } from '../selectors.ts';
import type { Storage, StorageEvent } from '../storage.ts';

/** What one watch wants. */
interface WatchRequest {
  resource: Resource;
  namespace: string | undefined;
  match: Match | undefined;
  /** Undefined or 0: begin with all that exists now. */
  resourceVersion: number | undefined;
  bookmarks: boolean;
  /** Begin with all that exists, then a bookmark annotated as the end of it. */
  sendInitialEvents: boolean;
  timeoutMs: number | undefined;
  /** Makes the object of an event; the stored one in the resource's version where absent. */
  render: ((object: KubeObject, isFirst: boolean) => unknown) | undefined;
}

/** Serves watches: one line of JSON per event, made once for all watchers of it. */
export interface WatchHub {
  serve(res: ServerResponse, request: WatchRequest): void;
  dropAll(clean: boolean): void;
  expireAll(): void;
  readonly open: number;
}

interface Watcher {
  request: WatchRequest;
  res: ServerResponse;
  sentRows: boolean;
  lastVersion: number;
  end(): void;
}

/** A watch that will end by itself has a last bookmark so long before. */
const BEFORE_END_MS = 2000;

/** A client that does not read is cut off at this much unread. */
const MOST_UNREAD = 64 * 1024 * 1024;

/** Follows `storage` on behalf of all watches. */
export function createWatchHub(storage: Storage, clock: Clock, knobs: KnobValues): WatchHub {
  const byKind = new Map<string, Set<Watcher>>();
  const lines = new WeakMap<KubeObject, Map<string, Buffer>>();

  storage.subscribe((event) => {
    const watchers = byKind.get(event.gvr);
    if (!watchers || watchers.size === 0) return;
    const send = (): void => {
      for (const watcher of [...watchers]) deliver(watcher, event);
    };
    if (knobs.watchDelayMs > 0) clock.after(knobs.watchDelayMs, send);
    else send();
  });

  /** ADDED, MODIFIED or DELETED as this watcher's selector has it; a leaver is shown as it was, at the version of its leave. */
  function deliver(watcher: Watcher, { type, object, oldObject, resourceVersion }: StorageEvent): void {
    const { resource, namespace, match } = watcher.request;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    if (resourceVersion <= watcher.lastVersion) return;
    watcher.lastVersion = resourceVersion;
    if (!match) {
      send(watcher, type, object);
      return;
    }
    const isIn = type !== 'DELETED' && match(shownAs(resource, object));
    const wasIn = oldObject !== undefined && match(shownAs(resource, oldObject));
    if (isIn) send(watcher, wasIn ? 'MODIFIED' : 'ADDED', object);
    else if (wasIn) send(watcher, 'DELETED', type === 'DELETED' ? object : leaver(oldObject, resourceVersion));
  }

  const leavers = new WeakMap<KubeObject, KubeObject>();
  function leaver(old: KubeObject, resourceVersion: number): KubeObject {
    let object = leavers.get(old);
    if (!object) {
      object = { ...old, metadata: { ...old.metadata, resourceVersion: String(resourceVersion) } };
      leavers.set(old, object);
    }
    return object;
  }

  function line(type: string, object: KubeObject, resource: Resource): Buffer {
    let byType = lines.get(object);
    if (!byType) lines.set(object, (byType = new Map<string, Buffer>()));
    const key = `${type} ${resource.group}/${resource.version}`;
    let buffer = byType.get(key);
    if (!buffer) {
      const shown = shownAs(resource, object);
      const text = shown === object ? storage.json(object) : jsonText(shown);
      byType.set(key, (buffer = Buffer.from(`{"type":"${type}","object":${text}}\n`)));
    }
    return buffer;
  }

  function send(watcher: Watcher, type: string, object: KubeObject): void {
    const { render, resource } = watcher.request;
    if (!render) {
      write(watcher, line(type, object, resource));
      return;
    }
    write(watcher, `${jsonText({ type, object: render(object, !watcher.sentRows) })}\n`);
    watcher.sentRows = true;
  }

  function write(watcher: Watcher, data: Buffer | string): void {
    const { res } = watcher;
    res.write(data);
    if (res.writableLength > MOST_UNREAD) res.destroy();
  }

  function bookmark(watcher: Watcher, isInitialEnd: boolean): void {
    const { resource, render } = watcher.request;
    const object: KubeObject = {
      kind: resource.kind,
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      metadata: {
        resourceVersion: String(storage.resourceVersion),
        creationTimestamp: null,
        ...(isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      } as unknown as KubeObject['metadata'],
    };
    write(watcher, `${jsonText({ type: 'BOOKMARK', object: render ? render(object, false) : object })}\n`);
  }

  function sendError(watcher: Watcher, error: ApiError): void {
    write(watcher, `${jsonText({ type: 'ERROR', object: statusOf(error) })}\n`);
  }

  function tooOld(version: number): ApiError {
    return expired(`too old resource version: ${version} (${storage.resourceVersion})`);
  }

  function begin(watcher: Watcher): void {
    const { resource, namespace, match, resourceVersion, sendInitialEvents } = watcher.request;
    if (resourceVersion === undefined || resourceVersion === 0 || sendInitialEvents) {
      watcher.lastVersion = storage.resourceVersion;
      for (const object of storage.list(resource.gvr, namespace)) {
        if (!match || match(shownAs(resource, object))) send(watcher, 'ADDED', object);
      }
      // without a version the events come from the store itself, which tells at once how far they go
      if (sendInitialEvents || (resourceVersion === undefined && watcher.request.bookmarks)) bookmark(watcher, true);
      return;
    }
    watcher.lastVersion = resourceVersion;
    const missed = storage.since(resource.gvr, resourceVersion);
    if (missed) for (const event of missed) deliver(watcher, event);
    else sendError(watcher, tooOld(resourceVersion));
  }

  function serve(res: ServerResponse, request: WatchRequest): void {
    const { resource, resourceVersion, sendInitialEvents } = request;
    const isTooOld =
      resourceVersion !== undefined &&
      resourceVersion !== 0 &&
      !sendInitialEvents &&
      storage.since(resource.gvr, resourceVersion) === undefined;
    if (isTooOld && knobs.watchExpiredAs === 'status') throw tooOld(resourceVersion);
    res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    res.flushHeaders();
    const timers: (() => void)[] = [];
    const watcher: Watcher = { request, res, sentRows: false, lastVersion: 0, end };
    let watchers = byKind.get(resource.gvr);
    if (!watchers) byKind.set(resource.gvr, (watchers = new Set()));

    function end(): void {
      watchers?.delete(watcher);
      for (const cancel of timers) cancel();
    }
    function finish(): void {
      end();
      res.end();
    }
    function tick(): void {
      timers[0] = clock.after(knobs.bookmarkMs, () => {
        bookmark(watcher, false);
        tick();
      });
    }
    res.on('close', end);
    begin(watcher);
    if (isTooOld) {
      finish();
      return;
    }
    watchers.add(watcher);
    if (request.bookmarks) tick();
    else timers.push(() => undefined);
    const { timeoutMs } = request;
    if (timeoutMs === undefined) return;
    timers.push(clock.after(timeoutMs, finish));
    if (!request.bookmarks || timeoutMs <= BEFORE_END_MS) return;
    timers.push(clock.after(timeoutMs - BEFORE_END_MS, () => bookmark(watcher, false)));
  }

  function all(): Watcher[] {
    return [...byKind.values()].flatMap((watchers) => [...watchers]);
  }

  return {
    serve,
    dropAll(clean) {
      for (const watcher of all()) {
        watcher.end();
        if (clean) watcher.res.end();
        else watcher.res.destroy();
      }
    },
    expireAll() {
      storage.compact();
      for (const watcher of all()) sendError(watcher, tooOld(watcher.lastVersion));
    },
    get open() {
      return all().length;
    },
  };
}
