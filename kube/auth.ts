import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** Where the API server is, and what to show it. */
export interface Credentials {
  /** TLS material, in Node's words; empty for http. */
  tls: {
    ca?: string | Buffer;
    cert?: string | Buffer;
    key?: string | Buffer;
    pfx?: string | Buffer;
    passphrase?: string;
    servername?: string;
    rejectUnauthorized?: boolean;
  };
  /** The Authorization header, if any. */
  headers: Record<string, string>;
}

/** Where credentials come from: a kubeconfig, a service account, or a test. */
export interface CredentialSource {
  /** The server's URL without a slash at the end; it may have a path. */
  readonly server: string;
  /** The namespace of the context or of the service account, else `default`. */
  readonly namespace: string;
  /** The credentials as they are now; tokens and certificates change during a process' life. */
  read(): Promise<Credentials>;
}

/** Which kubeconfig: a path, and a context other than the current one. */
export interface ConfigChoice {
  kubeconfig?: string | undefined;
  context?: string | undefined;
}

/**
 * Finds the credentials as kubectl's users expect: the given file, KUBECONFIG, ~/.kube/config, the pod's service
 * account. Throws an Error in plain words where there is none, the context is unknown, or the server is reached over
 * http from another machine.
 */
export async function loadCredentials(choice: ConfigChoice = {}): Promise<CredentialSource> {
  const config = new KubeConfig();
  if (choice.kubeconfig === undefined) config.loadFromDefault();
  else {
    const path = choice.kubeconfig;
    await readFile(path).catch((cause: unknown) => {
      throw new Error(`the kubeconfig ${path} cannot be read`, { cause });
    });
    config.loadFromFile(path);
  }
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (!context || !cluster) throw new Error(`the kubeconfig has no context "${config.getCurrentContext()}"`);
  if (context.name === 'loaded-context')
    throw new Error('no cluster: KUBECONFIG is not set, ~/.kube/config is not there, and this is not a pod');
  if (cluster.proxyUrl) throw new Error(`the cluster "${cluster.name}" is behind a proxy-url, which is not supported`);
  checkServer(cluster.server);
  // The client refuses http unless told so; on the loopback there is nothing to verify.
  if (cluster.server.startsWith('http:'))
    config.clusters = config.clusters.map((c) => (c === cluster ? { ...c, skipTLSVerify: true } : c));
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context.namespace?.trim() || 'default',
    read: async () => readFrom(config),
  };
}

async function readFrom(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options); // tokens from files, exec plugins and OIDC included
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value !== undefined) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  const tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  return { headers, tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value != null)) };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Throws unless the URL is https, or http on the loopback: a token must not cross a network in the clear. */
function checkServer(server: string): void {
  const { protocol, hostname } = new URL(server);
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))) return;
  throw new Error(`${server}: only https, or http on the loopback`);
}

/** Fixed credentials, for a server whose address is known: the embedded cluster and tests. */
export function fixedCredentials(
  server: string,
  fixed: Partial<Credentials> & { namespace?: string } = {},
): CredentialSource {
  checkServer(server);
  const credentials = { tls: fixed.tls ?? {}, headers: fixed.headers ?? {} };
  return {
    server: server.replace(/\/+$/, ''),
    namespace: fixed.namespace ?? 'default',
    read: () => Promise.resolve(credentials),
  };
}
