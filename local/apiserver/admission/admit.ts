import { forbidden } from '../errors.ts';
import type { KubeObject } from '../objects.ts';
import type { Api } from '../rest/api.ts';
import type { Resource } from '../resources/resource.ts';
import { admitCrd, admitCrdUpdate } from './crds.ts';
import { defaultPod } from './pods.ts';

/** What the server fills in before it checks a new object of a built-in kind, in place. */
export function admitCreate(api: Api, resource: Resource, object: KubeObject): void {
  switch (resource.gvr) {
    case 'pods':
      defaultPod(object);
      requireAccount(api, object);
      return;
    case 'namespaces':
      object['spec'] = { finalizers: ['kubernetes'] };
      object['status'] = { phase: 'Active' };
      object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
      return;
    case 'secrets':
      mergeStringData(object);
      object['type'] ??= 'Opaque';
      return;
    case 'services':
      object['spec'] = { type: 'ClusterIP', sessionAffinity: 'None', ...(object['spec'] as object | undefined) };
      return;
    case 'apiextensions.k8s.io/customresourcedefinitions':
      admitCrd(object, api.clock.now());
      return;
  }
}

/** The same for a change. */
export function admitUpdate(
  resource: Resource,
  object: KubeObject,
  current: KubeObject,
  subresource: string | undefined,
): void {
  if (resource.gvr === 'secrets') mergeStringData(object);
  if (resource.gvr === 'namespaces' && subresource === undefined) object['spec'] = current['spec'];
  if (resource.gvr === 'pods' && subresource === undefined) defaultPod(object, current);
  if (resource.gvr === 'apiextensions.k8s.io/customresourcedefinitions' && subresource === undefined) {
    admitCrdUpdate(object);
  }
}

/** The account of a pod must be there; the default one comes with its namespace. */
function requireAccount(api: Api, pod: KubeObject): void {
  const { namespace = '', name } = pod.metadata;
  const account = (pod['spec'] as { serviceAccountName?: string } | undefined)?.serviceAccountName ?? 'default';
  if (account === 'default' || api.storage.get('serviceaccounts', namespace, account)) return;
  const why = `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`;
  throw forbidden('pods', '', name, why);
}

function mergeStringData(secret: KubeObject): void {
  const plain = secret['stringData'] as Record<string, string> | undefined;
  if (!plain) return;
  delete secret['stringData'];
  secret['data'] = {
    ...(secret['data'] as Record<string, string> | undefined),
    ...Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}
