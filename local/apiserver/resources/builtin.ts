import type { KubeObject } from '../objects.ts';
import { isObject } from '../objects.ts';
import type { FieldReader } from '../selectors.ts';
import {
  configMapColumns,
  createdColumns,
  disruptionBudgetColumns,
  eventColumns,
  leaseColumns,
  namespaceColumns,
  networkPolicyColumns,
  nodeColumns,
  plainColumns,
  roleBindingColumns,
  secretColumns,
  serviceColumns,
} from '../tables/builtin.ts';
import type { Column } from '../tables/columns.ts';
import { podColumns } from '../tables/pods.ts';
import type { Resource, Subresource } from './resource.ts';
import { eventConversion } from './events.ts';
import { builtinSchema } from './builtin-schemas.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

interface Builtin {
  group?: string;
  version?: string;
  plural: string;
  kind: string;
  cluster?: boolean;
  shortNames?: string[];
  categories?: string[];
  verbs?: string[];
  status?: boolean;
  generation?: boolean;
  subresources?: Subresource[];
  fields?: string[];
  columns?: Column[];
  convert?: Resource['convert'];
  gvr?: string;
}

const rbac = { group: 'rbac.authorization.k8s.io' };

const BUILTINS: Builtin[] = [
  { plural: 'configmaps', kind: 'ConfigMap', shortNames: ['cm'], columns: configMapColumns },
  { plural: 'events', kind: 'Event', shortNames: ['ev'], columns: eventColumns, fields: eventFields('involvedObject') },
  { plural: 'limitranges', kind: 'LimitRange', shortNames: ['limits'], columns: createdColumns },
  {
    plural: 'namespaces',
    kind: 'Namespace',
    cluster: true,
    shortNames: ['ns'],
    verbs: ALL_VERBS.filter((verb) => verb !== 'deletecollection'),
    status: true,
    subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
    fields: ['status.phase'],
    columns: namespaceColumns,
  },
  {
    plural: 'nodes',
    kind: 'Node',
    cluster: true,
    shortNames: ['no'],
    status: true,
    fields: ['spec.unschedulable'],
    columns: nodeColumns,
  },
  { plural: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', shortNames: ['pvc'], status: true },
  {
    plural: 'pods',
    kind: 'Pod',
    shortNames: ['po'],
    categories: ['all'],
    status: true,
    generation: true,
    subresources: [
      { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
      { name: 'binding', kind: 'Binding', verbs: ['create'] },
      { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
      { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
      { name: 'log', kind: 'Pod', verbs: ['get'] },
    ],
    fields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
    columns: podColumns,
  },
  { plural: 'resourcequotas', kind: 'ResourceQuota', shortNames: ['quota'], status: true },
  { plural: 'secrets', kind: 'Secret', fields: ['type'], columns: secretColumns },
  {
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    shortNames: ['sa'],
    subresources: [
      { name: 'token', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
    ],
  },
  {
    plural: 'services',
    kind: 'Service',
    shortNames: ['svc'],
    categories: ['all'],
    status: true,
    columns: serviceColumns,
  },
  {
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    cluster: true,
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    status: true,
    generation: true,
    columns: createdColumns,
  },
  { group: 'coordination.k8s.io', plural: 'leases', kind: 'Lease', columns: leaseColumns },
  {
    group: 'events.k8s.io',
    plural: 'events',
    kind: 'Event',
    shortNames: ['ev'],
    columns: eventColumns,
    fields: eventFields('regarding'),
    convert: eventConversion,
    gvr: 'events',
  },
  {
    group: 'networking.k8s.io',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    shortNames: ['netpol'],
    generation: true,
    columns: networkPolicyColumns,
  },
  {
    group: 'policy',
    plural: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    shortNames: ['pdb'],
    status: true,
    generation: true,
    columns: disruptionBudgetColumns,
  },
  { ...rbac, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true, columns: roleBindingColumns },
  { ...rbac, plural: 'clusterroles', kind: 'ClusterRole', cluster: true, columns: createdColumns },
  { ...rbac, plural: 'rolebindings', kind: 'RoleBinding', columns: roleBindingColumns },
  { ...rbac, plural: 'roles', kind: 'Role', columns: createdColumns },
  { group: 'authentication.k8s.io', plural: 'tokenreviews', kind: 'TokenReview', cluster: true, verbs: ['create'] },
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    cluster: true,
    verbs: ['create'],
  },
  {
    group: 'authorization.k8s.io',
    plural: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    cluster: true,
    verbs: ['create'],
  },
  {
    group: 'authorization.k8s.io',
    plural: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    verbs: ['create'],
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    cluster: true,
    verbs: ['create'],
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    cluster: true,
    verbs: ['create'],
  },
];

function eventFields(about: string): string[] {
  const parts = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
  return [...parts.map((part) => `${about}.${part}`), 'reason', 'type', 'reportingController'];
}

/** A dotted path as a selectable field; false and absent booleans both read 'false', as the server has them. */
function pathReader(path: string): FieldReader {
  const keys = path.split('.');
  const isFlag = path === 'spec.unschedulable';
  return (object: KubeObject) => {
    const value = keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), object);
    if (isFlag) return value === true ? 'true' : 'false';
    return typeof value === 'string' ? value : '';
  };
}

/** The resources that every cluster of this kind has. */
export function builtinResources(): Resource[] {
  return BUILTINS.map((builtin) => {
    const { plural, kind, group = '', version = 'v1', verbs = ALL_VERBS, status = false } = builtin;
    const schema = builtinSchema(group, version, kind);
    return {
      group,
      version,
      plural,
      singular: kind.toLowerCase(),
      kind,
      listKind: `${kind}List`,
      namespaced: builtin.cluster !== true,
      shortNames: builtin.shortNames ?? [],
      categories: builtin.categories ?? [],
      verbs,
      gvr: builtin.gvr ?? (group === '' ? plural : `${group}/${plural}`),
      hasStatus: status,
      hasGeneration: builtin.generation ?? false,
      subresources: [
        ...(builtin.subresources ?? []),
        ...(status ? [{ name: 'status', kind, verbs: STATUS_VERBS }] : []),
      ],
      fields: Object.fromEntries((builtin.fields ?? []).map((path) => [path, pathReader(path)])),
      columns: builtin.columns ?? plainColumns,
      custom: false,
      ...(schema ? { schema } : {}),
      ...(builtin.convert ? { convert: builtin.convert } : {}),
    };
  });
}
