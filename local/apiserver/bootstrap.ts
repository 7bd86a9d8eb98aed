import type { Storage } from './storage.ts';

/** Makes what every cluster has from its first moment, where it is not there yet. */
export function bootstrap(storage: Storage): void {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    if (storage.get('namespaces', undefined, name)) continue;
    storage.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
  const rbac = 'rbac.authorization.k8s.io';
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  if (!storage.get(`${rbac}/clusterroles`, undefined, 'cluster-admin')) {
    storage.create(`${rbac}/clusterroles`, {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'cluster-admin' },
      rules: [everything, { nonResourceURLs: ['*'], verbs: ['*'] }],
    });
  }
}
