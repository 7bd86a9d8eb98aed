import { fieldForbidden, invalidValue, required, type FieldError } from '../errors.ts';
import { equalJson, isObject, type KubeObject } from '../objects.ts';
import type { Resource } from '../resources/resource.ts';
import { customResources } from '../resources/custom.ts';

type Fields = Record<string, unknown>;

/** What a real server checks of a built-in kind beyond its schema, as far as our own manifests can go wrong. */
export function validateBuiltin(resource: Resource, object: KubeObject, old: KubeObject | undefined): FieldError[] {
  switch (resource.gvr) {
    case 'pods':
      return validatePod(object, old);
    case 'configmaps':
    case 'secrets':
      return validateImmutable(object, old);
    case 'coordination.k8s.io/leases':
      return validateLease(object);
    case 'events':
      return resource.group === '' ? [] : validateEvent(object);
    case 'apiextensions.k8s.io/customresourcedefinitions':
      return validateCrd(object);
    default:
      return [];
  }
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

function validatePod(pod: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = isObject(pod['spec']) ? pod['spec'] : {};
  const errors: FieldError[] = [];
  const containers = Array.isArray(spec['containers']) ? spec['containers'].filter(isObject) : [];
  if (containers.length === 0) errors.push(required('spec.containers'));
  const names = new Set<unknown>();
  const volumes = new Set(
    Array.isArray(spec['volumes']) ? spec['volumes'].filter(isObject).map(({ name }) => name) : [],
  );
  containers.forEach((container, i) => {
    const at = `spec.containers[${i}]`;
    const { name, image } = container;
    if (typeof name !== 'string' || name === '') errors.push(required(`${at}.name`));
    else if (!LABEL.test(name)) errors.push(invalidValue(`${at}.name`, name, 'a lowercase RFC 1123 label is wanted'));
    else if (names.has(name)) {
      errors.push({
        type: 'FieldValueDuplicate',
        field: `${at}.name`,
        body: `Duplicate value: ${JSON.stringify(name)}`,
      });
    }
    names.add(name);
    if (typeof image !== 'string' || image === '') errors.push(required(`${at}.image`));
    const mounts = Array.isArray(container['volumeMounts']) ? container['volumeMounts'].filter(isObject) : [];
    mounts.forEach(({ name: volume }, k) => {
      if (!volumes.has(volume)) {
        errors.push({
          type: 'FieldValueNotFound',
          field: `${at}.volumeMounts[${k}].name`,
          body: `Not found: ${JSON.stringify(volume)}`,
        });
      }
    });
  });
  if (old && !equalJson(fixedParts(pod), fixedParts(old))) {
    errors.push(
      fieldForbidden(
        'spec',
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ),
    );
  }
  return errors;
}

function fixedParts(pod: KubeObject): unknown {
  const { activeDeadlineSeconds: _a, tolerations: _t, nodeName: _n, ...spec } = (pod['spec'] ?? {}) as Fields;
  const bare = (list: unknown): unknown =>
    Array.isArray(list) ? list.filter(isObject).map(({ image: _image, ...container }) => container) : list;
  return { ...spec, containers: bare(spec['containers']), initContainers: bare(spec['initContainers']) };
}

function validateImmutable(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const map of ['data', 'binaryData'] as const) {
    const value = object[map];
    for (const key of isObject(value) ? Object.keys(value) : []) {
      if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
        errors.push(
          invalidValue(
            `${map}[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        );
      }
    }
  }
  if (old?.['immutable'] === true) {
    if (object['immutable'] !== true)
      errors.push(fieldForbidden('immutable', 'field is immutable when `immutable` is set'));
    for (const map of ['data', 'binaryData'] as const) {
      if (!equalJson(object[map] ?? {}, old[map] ?? {})) {
        errors.push(fieldForbidden(map, 'field is immutable when `immutable` is set'));
      }
    }
  }
  return errors;
}

function validateLease(lease: KubeObject): FieldError[] {
  const spec = isObject(lease['spec']) ? lease['spec'] : {};
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  const errors: FieldError[] = [];
  if (typeof duration === 'number' && duration <= 0) {
    errors.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  if (typeof transitions === 'number' && transitions < 0) {
    errors.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  }
  return errors;
}

const EVENT_LIMITS = { reason: 128, action: 128, note: 1024, reportingInstance: 128 };

function validateEvent(event: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, most] of Object.entries(EVENT_LIMITS)) {
    const text = event[field];
    const length = typeof text === 'string' ? text.length : 0;
    if (length > most) errors.push(invalidValue(field, '', `can have at most ${most} characters`));
    if (length === 0 && field !== 'note') errors.push(required(field));
  }
  if (!event['reportingController']) errors.push(required('reportingController'));
  if (!event['eventTime']) errors.push(required('eventTime'));
  const { type } = event;
  if (type !== 'Normal' && type !== 'Warning') {
    errors.push(invalidValue('type', '', `has invalid value: ${typeof type === 'string' ? type : ''}`));
  }
  return errors;
}

function validateCrd(crd: KubeObject): FieldError[] {
  const spec = isObject(crd['spec']) ? crd['spec'] : {};
  const names = isObject(spec['names']) ? spec['names'] : {};
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : [];
  const errors: FieldError[] = [];
  for (const key of ['group', 'scope'] as const) if (!spec[key]) errors.push(required(`spec.${key}`));
  for (const key of ['plural', 'kind'] as const) if (!names[key]) errors.push(required(`spec.names.${key}`));
  if (versions.length === 0) errors.push(required('spec.versions'));
  if (errors.length > 0) return errors;
  const expected = `${String(names['plural'])}.${String(spec['group'])}`;
  if (crd.metadata.name !== expected) {
    errors.push(invalidValue('metadata.name', crd.metadata.name, `must be spec.names.plural+"."+spec.group`));
  }
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map((each) => each['name']),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  try {
    customResources(crd);
  } catch (error) {
    errors.push(invalidValue('spec.versions', '', error instanceof Error ? error.message : String(error)));
  }
  return errors;
}
