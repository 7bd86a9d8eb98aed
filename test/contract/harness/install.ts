import { readFile } from 'node:fs/promises';
import { API_VERSION, CRD_NAME, KIND } from '../../../crds/index.ts';
import type { Cluster } from './cluster.ts';
import { until } from './poll.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Brings the CRD of Procedures to the cluster, by server-side apply as `make` and the chart do, and waits until it is served and described. */
export async function installCrd(cluster: Cluster): Promise<void> {
  const yaml = await readFile(new URL('../../../crds/procedures.oet.skao.int.yaml', import.meta.url), 'utf8');
  await cluster.must('PATCH', `${CRDS}/${CRD_NAME}`, yaml, {
    type: 'application/apply-patch+yaml',
    query: { fieldManager: 'oet-contract', force: true },
  });
  await until('the CRD of Procedures', async () => {
    const { json } = await cluster.call('GET', `${CRDS}/${CRD_NAME}`);
    const conditions = (json.status?.conditions ?? []) as { type: string; status: string }[];
    return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
  });
  await until('Procedures', async () => (await cluster.call('GET', cluster.procedures())).code === 200);
  await until('the OpenAPI document of Procedures', async () => {
    // `kubectl explain` reads it; on a node that has just started it comes seconds after the resource itself.
    const { code, text } = await cluster.call('GET', `/openapi/v3/apis/${API_VERSION}`);
    return code === 200 && text.includes(`"kind":"${KIND}"`);
  });
}
