import type { ServerResponse } from 'node:http';
import type { ConfigMap } from '../kinds.ts';
import type { Stored } from '../meta.ts';

/** A ConfigMap as the API server would hand it out. */
export function configMap(
  name: string,
  resourceVersion: number,
  data: Record<string, string> = {},
  uid = `uid-${name}`,
): Stored<ConfigMap> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: 'ns',
      uid,
      resourceVersion: String(resourceVersion),
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    data,
  };
}

/** Writes one event of a watch. */
export function writeEvent(response: ServerResponse, type: string, object: object): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' });
  response.write(`${JSON.stringify({ type, object })}\n`);
}

/** Writes a bookmark. */
export function writeBookmark(response: ServerResponse, resourceVersion: number): void {
  writeEvent(response, 'BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: String(resourceVersion) } });
}
