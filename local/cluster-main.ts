/** The process of the embedded cluster, a child of the supervisor: API server, kubelet, kubeconfig. */
import { renameSync, writeFileSync } from 'node:fs';
import { startCluster } from './cluster.ts';
import { signalProcess, type ProcessId } from './supervisor/process-info.ts';

interface Settings {
  dataDir: string;
  port: number;
  kubeconfig: string;
  namespace: string;
}

const settings = JSON.parse(process.env['OET_LOCAL_CLUSTER'] ?? '{}') as Settings;
let wards: ProcessId[] = [];

const cluster = await startCluster({ dataDir: settings.dataDir, port: settings.port });
writeFileSync(`${settings.kubeconfig}.new`, cluster.apiServer.kubeconfig(settings.namespace), { mode: 0o600 });
renameSync(`${settings.kubeconfig}.new`, settings.kubeconfig);

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await cluster.close('stop');
  process.exit(0);
}

process.on('SIGTERM', () => void end());
process.on('SIGINT', () => void end());
process.on('message', (message) => {
  wards = (message as { wards?: ProcessId[] }).wards ?? wards;
});
// The supervisor was killed: nobody else is left to end the other parts.
process.on('disconnect', () => {
  for (const ward of wards) signalProcess(ward, 'SIGTERM');
  void end();
});
process.send?.({ ready: true });
