/** A FakePod's stdin and stdout as attach and log, with a cluster's bad manners. */
import { KubeError, type Clock } from '../../kube/index.ts';
import type { ContainerStreams, Link, ReadEnd } from '../capture/ports.ts';
import type { FakePod } from './fake-pod.ts';

export interface StreamFaults {
  /** Chance that an attach swallows what is written into it. */
  readonly lossy: number;
  /** Chance that a single write is damaged on its way, and dropped by its reader. */
  readonly damaged: number;
}

export interface PodStreamsOptions {
  /** The container's process; why there is none: it is not there yet, or its pod is gone. */
  readonly pod: () => FakePod | 'waiting' | 'gone';
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: () => StreamFaults;
  /** What the reader's role does not grant at present. */
  readonly forbidden: ReadonlySet<'attach' | 'log'>;
  /** Whose streams they are: a dead operator's carry nothing any more. */
  readonly life: AbortSignal;
}

const ATTACH_MS = 3;
const LOG_OPENS_MS = 2;
const LOG_LOOKS_MS = 5;

export function podStreams(options: PodStreamsOptions): ContainerStreams {
  return {
    attach: ({ stdout }, signal) => attach(options, stdout, signal),
    readLog: ({ follow }, onChunk, signal) => readLog(options, follow, onChunk, signal),
  };
}

async function attach(options: PodStreamsOptions, stdout: boolean, signal: AbortSignal): Promise<Link> {
  const { clock, random, forbidden, life } = options;
  await clock.sleep(ATTACH_MS, life);
  if (forbidden.has('attach')) throw new KubeError('may not attach', { status: 403 });
  const pod = options.pod();
  if (typeof pod === 'string' || !pod.alive || life.aborted) throw new KubeError('no container', { status: 400 });
  const closed = Promise.withResolvers<{ failure?: string }>();
  const swallows = random() < options.faults().lossy;
  let open = true;
  let unlisten = (): unknown => undefined;
  const close = (failure?: string): void => {
    if (!open) return;
    open = false;
    unlisten();
    closed.resolve(failure === undefined ? {} : { failure });
  };
  signal.addEventListener('abort', () => close(), { once: true });
  if (swallows) clock.setTimeout(() => close('lost'), 20 + 200 * random());
  const write = (data: Buffer): Promise<void> => {
    if (!open) return Promise.reject(new Error('closed'));
    const lost = swallows || random() < options.faults().damaged;
    if (!lost && !life.aborted) clock.setTimeout(() => pod.stdin(data), 1);
    return Promise.resolve();
  };
  const onStdout = (listener: (chunk: Buffer) => void): void => {
    if (!stdout || swallows) return;
    unlisten = pod.listen((chunk) => {
      if (!life.aborted) listener(chunk);
    });
  };
  return {
    get open() {
      return open && !life.aborted;
    },
    write,
    onStdout,
    closed: closed.promise,
    close: () => close(),
  };
}

async function readLog(
  { clock, forbidden, pod: look }: PodStreamsOptions,
  follow: boolean,
  onChunk: (chunk: Buffer) => Promise<void> | void,
  signal: AbortSignal,
): Promise<ReadEnd> {
  await clock.sleep(LOG_OPENS_MS, signal);
  if (forbidden.has('log')) return { how: 'refused', status: 403, message: 'may not read logs' };
  const pod = look();
  if (typeof pod === 'string') return { how: 'refused', status: pod === 'waiting' ? 400 : 404, message: pod };
  for (let at = 0; !signal.aborted;) {
    const over = !pod.alive || !follow;
    if (at < pod.log.length) {
      await onChunk(Buffer.concat(pod.log.slice(at)));
      at = pod.log.length;
    }
    if (over) return { how: 'eof' };
    await clock.sleep(LOG_LOOKS_MS, signal);
  }
  return { how: 'broken' };
}
