/** What is kept of objects in memory: of ten thousand pods the rest, the bootstrap above all, would be most of the operator. */
import type { Procedure } from '../../crds/index.ts';
import type { Pod, Stored } from '../../kube/index.ts';

/** Of a pod: who it is, where it is, how it is. What was asked for is in its procedure. */
export function leanPod(pod: Stored<Pod>): Stored<Pod> {
  if (pod.spec.containers.length === 0) return pod; // one of ours
  const { managedFields: _, annotations: __, ownerReferences: ___, ...metadata } = pod.metadata;
  const { nodeName } = pod.spec;
  return { ...pod, metadata, spec: { containers: [], ...(nodeName !== undefined && { nodeName }) } };
}

/** An answer to a write has what a watch's events are stripped of. */
export function leanProcedure(procedure: Stored<Procedure>): Stored<Procedure> {
  if (procedure.metadata.managedFields === undefined) return procedure;
  const { managedFields: _, ...metadata } = procedure.metadata;
  return { ...procedure, metadata };
}
