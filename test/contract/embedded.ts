import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../local/cluster.ts';
import { openCluster } from './harness/cluster.ts';
import type { Cluster } from './harness/cluster.ts';

/** The node's usual pauses, shortened: cases wait for events, and none for a time. */
const QUICK = { tickMs: 250, retryMs: 1000, logRotationMs: 2000 };

/** An embedded cluster in this process, on a free port, with a kubeconfig and nothing kept. */
async function startEmbedded(): Promise<{
  kubeconfig: string;
  cluster: Awaited<ReturnType<typeof startCluster>>;
  stop(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'oet-contract-'));
  const cluster = await startCluster({ kubelet: { knobs: QUICK } });
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.apiServer.kubeconfig(), { mode: 0o600 });
  return {
    kubeconfig,
    cluster,
    stop: async () => {
      await cluster.close('stop');
      await rm(folder, { recursive: true });
    },
  };
}

/** The real cluster of KUBECONFIG where CONTRACT_REAL=1 is set, else an embedded one that ends with the suite. */
export async function clusterUnderTest(): Promise<Cluster> {
  if (process.env['CONTRACT_REAL'] === '1') {
    const kubeconfig = process.env['KUBECONFIG'];
    if (kubeconfig === undefined) throw new Error('CONTRACT_REAL=1 needs KUBECONFIG');
    return openCluster(kubeconfig);
  }
  const embedded = await startEmbedded();
  const cluster = await openCluster(embedded.kubeconfig, embedded.cluster.kubelet.knobs);
  return {
    ...cluster,
    serverKnobs: embedded.cluster.apiServer.knobs,
    end: async () => {
      await cluster.end();
      await embedded.stop();
    },
  };
}
