import { isObject, type KubeObject } from '../objects.ts';
import type { Api } from '../rest/api.ts';

/** How long an event is kept after it was last seen, as on a real server. */
const KEPT_MS = 60 * 60 * 1000;
const SWEEP_MS = 60 * 1000;

/** Removes events an hour after they were last seen. Returns the end of it. */
export function startEventExpiry({ storage, clock }: Api): () => void {
  let cancel: () => void;

  function sweep(): void {
    const oldest = clock.now() - KEPT_MS;
    for (const event of storage.list('events')) {
      if (lastSeen(event) < oldest) storage.delete('events', event.metadata.namespace, event.metadata.name);
    }
    cancel = clock.after(SWEEP_MS, sweep);
  }

  cancel = clock.after(SWEEP_MS, sweep);
  return () => {
    cancel();
  };
}

function lastSeen(event: KubeObject): number {
  const series = isObject(event['series']) ? event['series'] : {};
  const times = [
    event.metadata.creationTimestamp,
    event['eventTime'],
    event['lastTimestamp'],
    series['lastObservedTime'],
  ];
  return Math.max(0, ...times.map((time) => (typeof time === 'string' ? Date.parse(time) || 0 : 0)));
}
