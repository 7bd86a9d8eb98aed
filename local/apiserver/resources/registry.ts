import type { Storage } from '../storage.ts';
import { builtinResources } from './builtin.ts';
import { customGvr, customResources } from './custom.ts';
import type { Resource } from './resource.ts';

const CRDS = 'apiextensions.k8s.io/customresourcedefinitions';

/** All resources that are served now: the built-in ones and those of the CustomResourceDefinitions in the store. */
export interface Registry {
  all(): Resource[];
  find(group: string, version: string, plural: string): Resource | undefined;
  /** By the key in the store; the first version that is served. */
  byGvr(gvr: string): Resource | undefined;
  byKind(group: string, kind: string): Resource | undefined;
  /** True if the group is served in that version. */
  hasVersion(group: string, version: string): boolean;
  /** Grows with every change; a key for caches. */
  readonly revision: number;
}

/** Follows the CustomResourceDefinitions in `storage`. */
export function createRegistry(storage: Storage): Registry {
  const builtin = builtinResources();
  const custom = new Map<string, Resource[]>();
  let resources = builtin;
  let index = new Map<string, Resource>();
  let revision = 0;

  function rebuild(): void {
    resources = [...builtin, ...[...custom.values()].flat()];
    index = new Map(resources.map((each) => [`${each.group}/${each.version}/${each.plural}`, each]));
    revision++;
  }

  for (const crd of storage.list(CRDS)) custom.set(crd.metadata.name, customResources(crd));
  rebuild();
  storage.subscribe((event) => {
    if (event.gvr !== CRDS) return;
    const { name } = event.object.metadata;
    const specIsOld =
      event.type === 'MODIFIED' && event.oldObject?.metadata.generation === event.object.metadata.generation;
    if (specIsOld && custom.has(name)) return;
    // what is served from now on has no past
    if (event.type === 'ADDED') storage.compact(customGvr(event.object));
    if (event.type === 'DELETED') custom.delete(name);
    else custom.set(name, customResources(event.object));
    rebuild();
  });

  return {
    all: () => resources,
    find: (group, version, plural) => index.get(`${group}/${version}/${plural}`),
    byGvr: (gvr) => resources.find((each) => each.gvr === gvr),
    byKind: (group, kind) => resources.find((each) => each.group === group && each.kind === kind),
    hasVersion: (group, version) => resources.some((each) => each.group === group && each.version === version),
    get revision() {
      return revision;
    },
  };
}
