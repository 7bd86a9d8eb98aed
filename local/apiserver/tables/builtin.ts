import { jsonText } from '../json.ts';
import { isObject, type KubeObject } from '../objects.ts';
import { age, ageColumn, column, nameColumn, type Column } from './columns.ts';

function at(object: KubeObject, ...path: string[]): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object);
}

function text(value: unknown, absent = ''): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? absent : jsonText(value);
}

function count(value: unknown): number {
  return isObject(value) ? Object.keys(value).length : 0;
}

function items(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

const createdAt = column('Created At', (object) => object.metadata.creationTimestamp, 'date');

/** NAME and AGE. */
export const plainColumns: Column[] = [nameColumn, ageColumn];

/** NAME and CREATED AT, as kinds of cluster administration have it. */
export const createdColumns: Column[] = [nameColumn, createdAt];

export const namespaceColumns: Column[] = [
  nameColumn,
  column('Status', (object) => text(at(object, 'status', 'phase'))),
  ageColumn,
];

export const configMapColumns: Column[] = [
  nameColumn,
  column('Data', (object) => count(at(object, 'data')) + count(at(object, 'binaryData'))),
  ageColumn,
];

export const secretColumns: Column[] = [
  nameColumn,
  column('Type', (object) => text(at(object, 'type'), 'Opaque')),
  column('Data', (object) => count(at(object, 'data'))),
  ageColumn,
];

export const leaseColumns: Column[] = [
  nameColumn,
  column('Holder', (object) => text(at(object, 'spec', 'holderIdentity'))),
  ageColumn,
];

function involved(object: KubeObject): string {
  const kind = text(at(object, 'involvedObject', 'kind'));
  return kind === '' ? '' : `${kind.toLowerCase()}/${text(at(object, 'involvedObject', 'name'))}`;
}

export const eventColumns: Column[] = [
  column('Last Seen', (object, now) =>
    age(
      at(object, 'series', 'lastObservedTime') ??
        at(object, 'lastTimestamp') ??
        at(object, 'eventTime') ??
        at(object, 'firstTimestamp'),
      now,
    ),
  ),
  column('Type', (object) => text(at(object, 'type'))),
  column('Reason', (object) => text(at(object, 'reason'))),
  column('Object', involved),
  column('+Subobject', (object) => text(at(object, 'involvedObject', 'fieldPath'))),
  column('+Source', (object) => {
    const component = text(at(object, 'source', 'component')) || text(at(object, 'reportingComponent'));
    const host = text(at(object, 'source', 'host')) || text(at(object, 'reportingInstance'));
    return [component, host].filter((each) => each !== '').join(', ');
  }),
  column('Message', (object) => text(at(object, 'message')).trim()),
  column('+First Seen', (object, now) => age(at(object, 'firstTimestamp') ?? at(object, 'eventTime'), now)),
  column('+Count', (object) => at(object, 'series', 'count') ?? at(object, 'count') ?? 1),
  { ...nameColumn, priority: 1 },
];

export const nodeColumns: Column[] = [
  nameColumn,
  column('Status', (object) => {
    const ready = items(at(object, 'status', 'conditions')).find((condition) => condition['type'] === 'Ready');
    const state = ready?.['status'] === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown';
    return at(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
  }),
  column('Roles', () => '<none>'),
  ageColumn,
  column('Version', (object) => text(at(object, 'status', 'nodeInfo', 'kubeletVersion'))),
  column('+Internal-IP', (object) => address(object, 'InternalIP')),
  column('+External-IP', (object) => address(object, 'ExternalIP')),
  column('+OS-Image', (object) => text(at(object, 'status', 'nodeInfo', 'osImage'))),
  column('+Kernel-Version', (object) => text(at(object, 'status', 'nodeInfo', 'kernelVersion'))),
  column('+Container-Runtime', (object) => text(at(object, 'status', 'nodeInfo', 'containerRuntimeVersion'))),
];

function address(object: KubeObject, type: string): string {
  return text(items(at(object, 'status', 'addresses')).find((each) => each['type'] === type)?.['address'], '<none>');
}

export const roleBindingColumns: Column[] = [
  nameColumn,
  column('Role', (object) => `${text(at(object, 'roleRef', 'kind'))}/${text(at(object, 'roleRef', 'name'))}`),
  ageColumn,
  column('+Users', (object) => subjects(object, 'User')),
  column('+Groups', (object) => subjects(object, 'Group')),
  column('+ServiceAccounts', (object) => subjects(object, 'ServiceAccount')),
];

function subjects(object: KubeObject, kind: string): string {
  return items(at(object, 'subjects'))
    .filter((subject) => subject['kind'] === kind)
    .map((subject) =>
      kind === 'ServiceAccount' ? `${text(subject['namespace'])}/${text(subject['name'])}` : text(subject['name']),
    )
    .join(', ');
}

export const serviceColumns: Column[] = [
  nameColumn,
  column('Type', (object) => text(at(object, 'spec', 'type'), 'ClusterIP')),
  column('Cluster-IP', (object) => text(at(object, 'spec', 'clusterIP'), '<none>')),
  column('External-IP', () => '<none>'),
  column('Port(s)', (object) =>
    items(at(object, 'spec', 'ports'))
      .map((port) => `${text(port['port'])}/${text(port['protocol'], 'TCP')}`)
      .join(','),
  ),
  ageColumn,
  column('+Selector', (object) => pairs(at(object, 'spec', 'selector'))),
];

export const networkPolicyColumns: Column[] = [
  nameColumn,
  column('Pod-Selector', (object) => pairs(at(object, 'spec', 'podSelector', 'matchLabels'))),
  ageColumn,
];

export const disruptionBudgetColumns: Column[] = [
  nameColumn,
  column('Min Available', (object) => text(at(object, 'spec', 'minAvailable'), 'N/A')),
  column('Max Unavailable', (object) => text(at(object, 'spec', 'maxUnavailable'), 'N/A')),
  column('Allowed Disruptions', (object) => at(object, 'status', 'disruptionsAllowed') ?? 0, 'integer'),
  ageColumn,
];

function pairs(value: unknown): string {
  if (!isObject(value) || Object.keys(value).length === 0) return '<none>';
  return Object.entries(value)
    .map(([key, each]) => `${key}=${text(each)}`)
    .join(',');
}
