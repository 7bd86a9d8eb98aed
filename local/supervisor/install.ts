import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { kubeRequest, type KubeAnswer } from './kube-request.ts';
import { poll } from './poll.ts';

const CRD_FILE = new URL('../../crds/procedures.oet.skao.int.yaml', import.meta.url);
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Crd {
  metadata: { name: string; resourceVersion?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

/** Brings namespace and CRD into the cluster of the kubeconfig, or up to date there; resolves when the kind is served. */
export async function install(kubeconfig: string, namespace: string): Promise<void> {
  const ask = kubeRequest(kubeconfig);
  const made = await ask('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  if (made.code !== 201 && made.code !== 409) throw refused('the namespace', made);

  const crd = load(readFileSync(CRD_FILE, 'utf8')) as Crd;
  const path = `${CRDS}/${crd.metadata.name}`;
  const created = await ask('POST', CRDS, crd);
  if (created.code === 409) {
    const { body } = await ask('GET', path);
    const { resourceVersion } = body['metadata'] as { resourceVersion: string };
    const updated = await ask('PUT', path, { ...crd, metadata: { ...crd.metadata, resourceVersion } });
    if (updated.code !== 200) throw refused('the CRD', updated);
  } else if (created.code !== 201) throw refused('the CRD', created);

  const established = async (): Promise<true | undefined> => {
    const { body } = await ask('GET', path);
    const conditions = (body as unknown as Crd).status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Established' && status === 'True') || undefined;
  };
  if (await poll(established, { everyMs: 10, withinMs: 60_000 })) return;
  throw new Error('the API server did not establish the CRD within a minute');
}

function refused(what: string, { code, body }: KubeAnswer): Error {
  return new Error(`the API server refused ${what}: ${code} ${String(body['message'])}`);
}
