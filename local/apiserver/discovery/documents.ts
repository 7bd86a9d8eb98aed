import { createHash } from 'node:crypto';
import { groupVersion, type Resource } from '../resources/resource.ts';

type Document = Record<string, unknown>;

/** `GET /api` */
export function coreVersions(host: string): Document {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
  };
}

function groupsOf(resources: Resource[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of resources) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  groups.delete('');
  return groups;
}

function groupDocument(group: string, versions: string[]): Document {
  const listed = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: listed, preferredVersion: listed[0] };
}

/** `GET /apis` */
export function groupList(resources: Resource[]): Document {
  const groups = [...groupsOf(resources)].map(([group, versions]) => groupDocument(group, versions));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `GET /apis/GROUP`; undefined for a group that is not served. */
export function oneGroup(resources: Resource[], group: string): Document | undefined {
  const versions = groupsOf(resources).get(group);
  return versions && { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, versions) };
}

/** `GET /api/v1` and `GET /apis/GROUP/VERSION` */
export function resourceList(resources: Resource[], group: string, version: string): Document | undefined {
  const served = resources.filter((each) => each.group === group && each.version === version);
  const [first] = served;
  if (!first) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion(first),
    resources: served.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
        storageVersionHash: createHash('sha256')
          .update(`${group}/${resource.kind}`)
          .digest()
          .subarray(0, 8)
          .toString('base64'),
      },
      ...resource.subresources.map(({ name, kind, verbs, group: ofGroup, version: ofVersion }) => ({
        name: `${resource.plural}/${name}`,
        singularName: '',
        namespaced: resource.namespaced,
        kind,
        verbs,
        ...(ofGroup === undefined ? {} : { group: ofGroup, version: ofVersion }),
      })),
    ]),
  };
}

/** Aggregated discovery (v2): all of `/api` or all of `/apis` in one document. */
export function aggregated(resources: Resource[], core: boolean): Document {
  const groups: [string, string[]][] = core ? [['', ['v1']]] : [...groupsOf(resources)];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: resources
          .filter((each) => each.group === group && each.version === version)
          .map((resource) => aggregatedResource(resource)),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(resource: Resource): Document {
  const { group, version, kind } = resource;
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(resource.subresources.length > 0
      ? {
          subresources: resource.subresources.map((each) => ({
            subresource: each.name,
            responseKind: { group: each.group ?? group, version: each.version ?? version, kind: each.kind },
            verbs: each.verbs,
          })),
        }
      : {}),
  };
}
