import { randomBytes } from 'node:crypto';
import type { Cluster } from './cluster.ts';
import { until } from './poll.ts';

/** A namespaced kind `Thing` that exists for one case. */
export interface Kind {
  group: string;
  /** Name of its CustomResourceDefinition. */
  crd: string;
  /** Path of its objects in the suite's namespace. */
  path: string;
  /** An object of it. */
  thing(name: string, fields?: Record<string, unknown>): Record<string, unknown>;
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Makes the kind and waits until it is served; it goes when the suite ends. */
export async function makeKind(
  cluster: Cluster,
  properties: Record<string, unknown>,
  version: Record<string, unknown> = {},
): Promise<Kind> {
  const group = `c${randomBytes(4).toString('hex')}.example.com`;
  const crd = `things.${group}`;
  const path = `/apis/${group}/v1/namespaces/${cluster.namespace}/things`;
  cluster.atEnd(() => cluster.call('DELETE', `${CRDS}/${crd}`));
  await cluster.must('POST', CRDS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crd },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties } },
          ...version,
        },
      ],
    },
  });
  await until('the new kind', async () => (await cluster.call('GET', path)).code === 200);
  return {
    group,
    crd,
    path,
    thing: (name, fields = {}) => ({ apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name }, ...fields }),
  };
}
