/** A container's streams by way of the API server: the capture's port on kube/. */
import { attach, followLog, type Kube } from '../kube/index.ts';
import type { ContainerStreams, Link, ReadEnd } from './capture/ports.ts';

export function containerStreams(kube: Kube, namespace: string, pod: string): ContainerStreams {
  const where = { namespace, pod, container: 'main' };
  return {
    async attach({ stdout }, signal): Promise<Link> {
      const attachment = await attach(kube, { ...where, stdin: true, stdout, signal });
      return {
        get open() {
          return attachment.open;
        },
        write: (data) => attachment.write(data),
        onStdout: (listener) => attachment.onStdout(listener),
        closed: attachment.closed.then(({ failure }) => ({ failure })),
        close: () => attachment.close(),
      };
    },
    async readLog({ follow, sinceTime }, onChunk, signal): Promise<ReadEnd> {
      const log = followLog(kube, { ...where, follow, signal, ...(sinceTime !== undefined && { sinceTime }) });
      for await (const chunk of log) await onChunk(chunk);
      const end = await log.ended;
      if (end.how === 'refused') return { how: 'refused', status: end.error.status, message: end.error.message };
      return { how: end.how === 'stopped' ? 'broken' : end.how };
    },
  };
}
