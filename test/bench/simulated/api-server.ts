/** The embedded API server alone, without a node, as a process of its own. Its parent says what it is to have from the start, and ends it. */
import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../../local/apiserver/objects.ts';
import { startApiServer } from '../../../local/apiserver/server.ts';
import { makeCertificates } from '../../../local/apiserver/tls.ts';

/** From the parent: objects that are put into the storage as they are. */
export interface Preload {
  readonly gvr: string;
  readonly objects: readonly object[];
}

const server = await startApiServer({ token: randomBytes(32).toString('hex'), tls: makeCertificates() });
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { gvr, objects } = message as Preload;
  for (const object of objects) server.storage.create(gvr, object as KubeObject);
  server.storage.compact(gvr);
  process.send?.({ stored: objects.length });
});
process.send?.({ kubeconfig: server.kubeconfig() });
