import type { StorageEvent } from '../storage.ts';

/** The last events, for watches that resume. */
export interface Window {
  add(event: StorageEvent): void;
  /** Events of a kind after a version; undefined when some of them may have been dropped. */
  since(gvr: string, resourceVersion: number): StorageEvent[] | undefined;
  /** Drops the events of a kind, or all; only a watch from `resourceVersion` or later can resume. */
  compact(resourceVersion: number, gvr?: string): void;
}

/** Keeps at least `size` and at most twice `size` events; complete from version `start` on. */
export function createWindow(size: number, start: number): Window {
  let events: StorageEvent[] = [];
  let completeFrom = start;
  const floors = new Map<string, number>();

  return {
    add(event) {
      events.push(event);
      if (events.length >= 2 * size) {
        completeFrom = events[events.length - size - 1]?.resourceVersion ?? completeFrom;
        events = events.slice(-size);
      }
    },
    since(gvr, resourceVersion) {
      if (resourceVersion < Math.max(completeFrom, floors.get(gvr) ?? 0)) return undefined;
      let low = 0;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((events[middle]?.resourceVersion ?? 0) > resourceVersion) high = middle;
        else low = middle + 1;
      }
      return events.slice(low).filter((event) => event.gvr === gvr);
    },
    compact(resourceVersion, gvr) {
      if (gvr !== undefined) {
        floors.set(gvr, resourceVersion);
        return;
      }
      events = [];
      completeFrom = resourceVersion;
    },
  };
}
