import { MASTERS } from './auth/users.ts';
import type { KubeObject } from './objects.ts';
import type { Storage } from './storage.ts';

const RBAC = 'rbac.authorization.k8s.io';
const VERSION = `${RBAC}/v1`;

const read = (...nonResourceURLs: string[]): object => ({ nonResourceURLs, verbs: ['get'] });
const ask = (group: string, ...resources: string[]): object => ({ apiGroups: [group], resources, verbs: ['create'] });

/** The roles that a real server makes for itself, as far as somebody is bound to them here. */
const ROLES: Record<string, object[]> = {
  'cluster-admin': [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
  'system:basic-user': [
    ask('authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
    ask('authentication.k8s.io', 'selfsubjectreviews'),
  ],
  'system:discovery': [
    read(
      ...['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez'],
      ...['/openapi', '/openapi/*', '/readyz', '/version', '/version/'],
    ),
  ],
  'system:public-info-viewer': [read('/healthz', '/livez', '/readyz', '/version', '/version/')],
};

const BINDINGS: Record<string, string[]> = {
  'cluster-admin': [MASTERS],
  'system:basic-user': ['system:authenticated'],
  'system:discovery': ['system:authenticated'],
  'system:public-info-viewer': ['system:authenticated', 'system:unauthenticated'],
};

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
  for (const [name, rules] of Object.entries(ROLES)) {
    ensure(storage, 'clusterroles', { apiVersion: VERSION, kind: 'ClusterRole', metadata: { name }, rules });
  }
  for (const [name, groups] of Object.entries(BINDINGS)) {
    ensure(storage, 'clusterrolebindings', {
      apiVersion: VERSION,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: groups.map((group) => ({ apiGroup: RBAC, kind: 'Group', name: group })),
    });
  }
}

function ensure(storage: Storage, plural: string, object: KubeObject): void {
  const gvr = `${RBAC}/${plural}`;
  if (!storage.get(gvr, undefined, object.metadata.name)) storage.create(gvr, object);
}
