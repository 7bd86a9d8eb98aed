import type { KubeObject } from '../objects.ts';

/** Fields that have another name in events.k8s.io than in the core group, which is what is stored. */
const NAMES: [core: string, events: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

function renamed(object: KubeObject, apiVersion: string, pairs: [string, string][]): KubeObject {
  const names = new Map(pairs);
  const result: KubeObject = { apiVersion, kind: 'Event', metadata: object.metadata };
  for (const [key, value] of Object.entries(object)) {
    if (key !== 'apiVersion' && key !== 'kind' && key !== 'metadata') result[names.get(key) ?? key] = value;
  }
  return result;
}

/** events.k8s.io/v1 over the stored v1 Event. */
export const eventConversion = {
  toStorage: (object: KubeObject) =>
    renamed(
      object,
      'v1',
      NAMES.map(([core, events]) => [events, core]),
    ),
  fromStorage: (object: KubeObject) => renamed(object, 'events.k8s.io/v1', NAMES),
};
