import { request } from 'node:https';
import { readFileSync } from 'node:fs';

/** An answer of the API server. */
export interface KubeAnswer {
  code: number;
  body: Record<string, unknown>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

/** Requests with the credentials of a kubeconfig that the embedded cluster wrote. */
export function kubeRequest(path: string): (method: string, url: string, body?: unknown) => Promise<KubeAnswer> {
  const config = JSON.parse(readFileSync(path, 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const token = config.users[0]?.user.token;
  if (!cluster || token === undefined) throw new Error(`${path} names no cluster`);
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64');

  return (method, url, body) =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const sent = request(cluster.server + url, { method, ca, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ code: response.statusCode ?? 0, body: parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { message: text }; // what is no JSON can only be shown
  }
}
