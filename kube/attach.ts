import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { AttachedSocket } from './attached-socket.ts';
import type { Attachment } from './attached-socket.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Kube } from './client.ts';
import { fromFailure, fromResponse } from './errors.ts';
import type { KubeError } from './errors.ts';
import { PODS } from './kinds.ts';
import { pathOf } from './resources.ts';

/** Which container, and which of its streams. */
export interface AttachOptions {
  namespace: string;
  pod: string;
  container: string;
  stdin: boolean;
  stdout: boolean;
  /** Ends the attempt, or the attachment. */
  signal?: AbortSignal | undefined;
  /** For the answer to the handshake; default 10,000. */
  timeoutMs?: number;
  /** A ping so often; without an answer by the next one the attachment is cut; 0 for none; default 30,000. */
  pingMs?: number;
  clock?: Clock;
}

const PROTOCOL = 'v5.channel.k8s.io';

/**
 * Attaches to a running container; needs the verbs `get` and `create` on pods/attach. Throws KubeError: with the API
 * server's Status where it refuses (400 before the pod has a node). That it resolves proves nothing: the kubelet may
 * still fail, which `closed` tells, and what was sent until then is lost.
 */
export async function attach(kube: Kube, options: AttachOptions): Promise<Attachment> {
  const { signal, clock = systemClock, timeoutMs = 10_000 } = options;
  const path = pathOf(PODS, options.namespace, options.pod, 'attach');
  const what = `GET ${path}`;
  const query = new URLSearchParams({ container: options.container });
  for (const stream of ['stdin', 'stdout'] as const) query.set(stream, String(options[stream]));
  const { url, headers, agent } = await kube.wsOptions();
  if (signal?.aborted) throw fromFailure(new Error('aborted'), what, 'aborted');
  const socket = new WebSocket(`${url}${path}?${query.toString()}`, [PROTOCOL], {
    ...(agent && { agent }),
    headers,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const attachment = new AttachedSocket(socket, { clock, pingMs: options.pingMs ?? 30_000 });
  return new Promise((resolve, reject) => {
    const fail = (error: KubeError): void => {
      cleanUp();
      socket.terminate();
      reject(error);
    };
    const onAbort = (): void => fail(fromFailure(new Error('aborted'), what, 'aborted'));
    const timer = clock.setTimeout(
      () => fail(fromFailure(new Error(`no answer in ${timeoutMs} ms`), what, 'timeout')),
      timeoutMs,
    );
    const cleanUp = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('unexpected-response', (_request, response) => {
      readText(response).then(
        (text) => fail(fromResponse(response.statusCode ?? 0, text, what, response.headers['retry-after'])),
        (error: unknown) => fail(fromFailure(error, what)),
      );
    });
    socket.once('error', (error) => fail(fromFailure(error, what)));
    socket.once('open', () => {
      cleanUp();
      const end = (): void => attachment.close();
      signal?.addEventListener('abort', end, { once: true });
      void attachment.closed.then(() => signal?.removeEventListener('abort', end));
      resolve(attachment);
    });
  });
}

/** No refusal is longer than this. */
const REFUSAL_BYTES = 64 * 1024;

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
