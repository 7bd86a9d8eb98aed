import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer, type ApiServer, type ApiServerOptions } from './apiserver/server.ts';
import { makeCertificates, type Certificates } from './apiserver/tls.ts';
import { createKubelet, type Kubelet, type KubeletOptions } from './kubelet/kubelet.ts';

/** Options of {@link startCluster}. */
export interface ClusterOptions {
  /** Where everything is kept; in memory and a scratch folder without it. */
  dataDir?: string;
  /** Port of the API server on 127.0.0.1; 0, the default, takes a free one. */
  port?: number;
  kubelet?: Omit<KubeletOptions, 'dataDir'>;
  apiServer?: Pick<ApiServerOptions, 'knobs' | 'users' | 'clock'>;
}

/** A running embedded cluster: an API server with a node. */
export interface Cluster {
  apiServer: ApiServer;
  kubelet: Kubelet;
  /** `stop` ends all pods' processes; `detach` lets them live on for the next start with the same dataDir. */
  close(how?: 'stop' | 'detach'): Promise<void>;
}

interface Credentials {
  token: string;
  tls: Certificates;
}

/** Starts an embedded cluster in this process. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { dataDir } = options;
  const { token, tls } = dataDir === undefined ? newCredentials() : savedCredentials(dataDir);
  const apiServer = await startApiServer({
    ...options.apiServer,
    token,
    tls,
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, 'apiserver') }),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  const kubelet = createKubelet({
    ...options.kubelet,
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, 'kubelet') }),
  });
  apiServer.setKubelet(kubelet);
  try {
    await kubelet.start(apiServer.storage);
  } catch (error) {
    await kubelet.close('stop').catch(() => undefined); // half started: the fault that is thrown tells more
    await apiServer.close();
    throw error;
  }
  return {
    apiServer,
    kubelet,
    async close(how = 'stop') {
      await kubelet.close(how);
      await apiServer.close();
    },
  };
}

function newCredentials(): Credentials {
  return { token: randomBytes(32).toString('hex'), tls: makeCertificates() };
}

/** Kept, so that a kubeconfig that somebody copied holds over restarts. */
function savedCredentials(dataDir: string): Credentials {
  const path = join(dataDir, 'credentials.json');
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Credentials;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const credentials = newCredentials();
  writeFileSync(`${path}.new`, JSON.stringify(credentials), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return credentials;
}
