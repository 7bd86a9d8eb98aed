import type { KubeletApi, LogOptions, LogSink, Refusal } from '../apiserver/kubelet-api.ts';
import { checkLogOptions } from './log-options.ts';
import { readLog } from './log-reader.ts';
import type { LogFile } from './log-file.ts';
import type { Node } from './node.ts';
import type { Pod } from './pod.ts';
import type { PodWorker, TrackedContainer } from './pod-worker.ts';

/** How long a waiting container is said to wait, by its reason; others are named by the reason itself. */
const WAITING: Record<string, string> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** Serves `pods/log`. `find` gives the pod's object and its worker, where they are. */
export function createLogs(
  node: Pick<Node, 'knobs' | 'now'>,
  find: (namespace: string, name: string) => { pod?: Pod; worker?: PodWorker },
): KubeletApi['logs'] {
  let follows = 0;

  return async (namespace, name, options, sink) => {
    const { pod, worker } = find(namespace, name);
    if (!pod) return { error: { code: 404, message: `pods "${name}" not found` } };
    const wrong = checkLogOptions(name, options);
    if (wrong) return { error: wrong };
    const chosen = chooseContainer(pod, options.container);
    if (typeof chosen !== 'string') return { error: chosen };
    if (pod.spec.nodeName === undefined) return { error: { code: 204, message: '' } };
    const entry = worker?.containers().find(({ container }) => container.spec.name === chosen);
    if (!worker || !entry) {
      const status = pod.status?.containerStatuses?.find((item) => item.name === chosen);
      if (!status?.containerID) return { error: waiting(chosen, name, 'ContainerCreating') };
      return text(sink, unavailable(status.containerID));
    }
    const found = logOf(entry, chosen, name, options);
    if ('code' in found) return { error: found };
    if (found.log.removed) return text(sink, unavailable(entry.container.containerID ?? ''));
    const source = {
      log: found.log,
      ended: () => found.log !== entry.container.log || entry.shown.terminated !== undefined || worker.gone,
      onChange: (listener: () => void) => worker.onTick(listener),
    };
    const refused = options.follow && follows >= node.knobs.maxFollows;
    if (options.follow && !refused) follows++;
    try {
      await readLog(source, refused ? { ...options, follow: false } : options, sink, node.now);
      if (refused) await text(sink, 'failed to create fsnotify watcher: too many open files');
    } finally {
      if (options.follow && !refused) follows--;
    }
    return {};
  };
}

/** The container that a request means, or why that cannot be said. */
export function chooseContainer(pod: Pod, wanted: string | undefined): string | Refusal {
  const names = pod.spec.containers.map(({ name }) => name);
  if (wanted !== undefined && wanted !== '') {
    if (names.includes(wanted)) return wanted;
    return { code: 400, message: `container ${wanted} is not valid for pod ${pod.metadata.name}` };
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  const message = `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`;
  return { code: 400, message };
}

function logOf(
  entry: TrackedContainer,
  container: string,
  pod: string,
  options: LogOptions,
): { log: LogFile } | Refusal {
  const { shown } = entry;
  if (options.previous) {
    const { previousLog } = entry.container;
    const message = `previous terminated container "${container}" in pod "${pod}" not found`;
    return previousLog ? { log: previousLog } : { code: 400, message };
  }
  if (shown.waiting && entry.container.restarts === 0) return waiting(container, pod, shown.waiting.reason);
  return entry.container.log ? { log: entry.container.log } : waiting(container, pod, 'ContainerCreating');
}

function waiting(container: string, pod: string, reason: string): Refusal {
  const why = WAITING[reason] ?? reason;
  return { code: 400, message: `container "${container}" in pod "${pod}" is waiting to start: ${why}` };
}

function unavailable(containerID: string): string {
  return `unable to retrieve container logs for ${containerID}`;
}

async function text(sink: LogSink, message: string): Promise<Record<string, never>> {
  const taken = sink.write(Buffer.from(message));
  if (typeof taken !== 'boolean') await taken;
  return {};
}
