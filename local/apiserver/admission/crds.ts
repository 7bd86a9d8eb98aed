import { isObject, kubeTime, type KubeObject } from '../objects.ts';

type Fields = Record<string, unknown>;

/** Defaults of a new CustomResourceDefinition and the status that makes it Established, in place. */
export function admitCrd(crd: KubeObject, now: number): void {
  admitCrdUpdate(crd);
  const spec = crd['spec'] as Fields | undefined;
  if (!isObject(spec)) return;
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : [];
  const time = kubeTime(now);
  crd['status'] = {
    conditions: [
      {
        lastTransitionTime: time,
        message: 'no conflicts found',
        reason: 'NoConflicts',
        status: 'True',
        type: 'NamesAccepted',
      },
      {
        lastTransitionTime: time,
        message: 'the initial names have been accepted',
        reason: 'InitialNamesAccepted',
        status: 'True',
        type: 'Established',
      },
    ],
    acceptedNames: spec['names'],
    storedVersions: versions.filter((version) => version['storage'] === true).map((version) => version['name']),
  };
}

/** Defaults of its spec, in place. */
export function admitCrdUpdate(crd: KubeObject): void {
  const spec = crd['spec'];
  if (!isObject(spec)) return;
  const { names } = spec;
  if (isObject(names) && typeof names['kind'] === 'string') {
    names['singular'] ??= names['kind'].toLowerCase();
    names['listKind'] ??= `${names['kind']}List`;
  }
  spec['conversion'] ??= { strategy: 'None' };
}
