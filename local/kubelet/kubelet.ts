import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeletApi } from '../apiserver/kubelet-api.ts';
import type { Storage, StorageEvent } from '../apiserver/storage.ts';
import { serveAttach } from './attach.ts';
import { defaultKnobs, type KubeletKnobs } from './knobs.ts';
import { chooseContainer, createLogs } from './logs.ts';
import { storagePorts, type Node } from './node.ts';
import { fullName, isFinished, PODS, type Pod } from './pod.ts';
import { createPodWorker, type PodWorker } from './pod-worker.ts';
import { resolvePython } from './python.ts';
import { registerNode } from './register.ts';
import { openRuntime, type ContainerRecord, type Runtime } from './runtime.ts';
import { schedule } from './scheduler.ts';

/** A runtime that lived for so long was not killed by what killed the one before. */
const CALM_MS = 10_000;
const LONGEST_REOPEN_MS = 5_000;

/** Options of {@link createKubelet}. */
export interface KubeletOptions {
  /** Where logs and pods' folders live; a scratch folder, gone at the end, without it. */
  dataDir?: string;
  nodeName?: string;
  /** The interpreter that `python3` stands for in containers, and that runs the container runtime. */
  python?: string;
  knobs?: Partial<KubeletKnobs>;
  /** Milliseconds since the epoch, with fractions. */
  now?: () => number;
  /** Seconds that containers outlive a killed kubelet. */
  lingerSeconds?: number;
  /** Called with what should not happen: the runtime was killed, a rotation failed. */
  onError?: (error: unknown) => void;
}

/** The embedded kubelet: runs the pods of the storage as processes of this machine. */
export interface Kubelet extends KubeletApi {
  readonly knobs: KubeletKnobs;
  /** Takes over the pods of the storage, those of an earlier life included. Call once. */
  start(storage: Storage): Promise<void>;
  /** Kills everything in the pod's containers with SIGKILL, as an OOM kill or a crash of the node would. */
  kill(namespace: string, pod: string, oom?: boolean): void;
  /** `stop` ends all containers; `detach` lets them live on for a kubelet that comes back with the same dataDir. */
  close(how: 'stop' | 'detach'): Promise<void>;
}

/** A kubelet that does nothing before `start`. */
export function createKubelet(options: KubeletOptions = {}): Kubelet {
  const knobs: KubeletKnobs = { ...defaultKnobs(), ...options.knobs };
  const now = options.now ?? ((): number => performance.timeOrigin + performance.now());
  const onError =
    options.onError ??
    ((error: unknown): void => {
      process.stderr.write(`kubelet: ${String(error)}\n`);
    });
  const workers = new Map<string, PodWorker>();
  /** Containers that ended before the pods that the runtime lists were taken over; undefined from then on. */
  let endedEarly: Map<string, ContainerRecord> | undefined = new Map();
  let scratch: string | undefined;
  let storage: Storage | undefined;
  let node: Node | undefined;
  let closed = false;
  let losses = 0;
  let lastLoss = -Infinity;
  let runtime: Runtime | undefined;
  let unsubscribe: (() => void) | undefined;
  let tickTimer: NodeJS.Timeout | undefined;
  let rotateTimer: NodeJS.Timeout | undefined;

  function findPod(namespace: string, name: string): { pod?: Pod; worker?: PodWorker } {
    const pod = storage?.get(PODS, namespace, name) as Pod | undefined;
    if (!pod) return {};
    const worker = workers.get(pod.metadata.uid ?? '');
    return { pod, ...(worker && !worker.gone ? { worker } : {}) };
  }

  function onEvent(event: StorageEvent): void {
    if (event.gvr === 'nodes') setImmediate(scheduleAll);
    if (event.gvr !== PODS) return;
    const pod = event.object as Pod;
    const worker = workers.get(pod.metadata.uid ?? '');
    if (event.type === 'DELETED') worker?.forget();
    else if (worker) worker.observe(pod);
    else setImmediate(take, pod); // after the event has reached everybody, and the client its answer
  }

  /** A pod that is new here: bound to this node if it is not bound, started if it is. */
  function take(pod: Pod): void {
    const current = node?.read(pod);
    if (!storage || !node || !current || workers.has(pod.metadata.uid ?? '')) return;
    if (current.spec.nodeName === undefined) schedule(storage, node, current);
    else if (current.spec.nodeName === node.name && !isFinished(current)) {
      workers.set(pod.metadata.uid ?? '', createPodWorker(node, current));
    }
  }
  function scheduleAll(): void {
    for (const pod of storage?.list(PODS) ?? []) take(pod as Pod);
  }

  function tick(): void {
    for (const [uid, worker] of workers) {
      worker.tick();
      if (worker.gone) workers.delete(uid);
    }
    tickTimer = setTimeout(tick, knobs.tickMs);
  }
  function rotate(): void {
    rotateTimer = setTimeout(rotate, knobs.logRotationMs);
    for (const worker of workers.values()) {
      for (const { container } of worker.containers()) {
        container.log?.rotate(knobs.containerLogMaxSize, knobs.containerLogMaxFiles);
      }
    }
  }

  async function adoptAll(own: Node, pods: Storage): Promise<void> {
    const listed = await own.runtime.list();
    const records = listed.map((record) => endedEarly?.get(record.name) ?? record);
    endedEarly = undefined;
    for (const pod of pods.list(PODS) as Pod[]) {
      if (pod.spec.nodeName !== own.name) continue;
      const mine = records.filter(({ labels }) => labels['uid'] === pod.metadata.uid);
      workers.set(pod.metadata.uid ?? '', createPodWorker(own, pod, mine));
    }
    const folders = existsSync(own.folder) ? readdirSync(own.folder) : [];
    for (const uid of folders) if (!workers.has(uid)) rmSync(join(own.folder, uid), { recursive: true, force: true });
    const strays = records.filter(({ labels }) => !workers.has(labels['uid'] ?? ''));
    await Promise.all(strays.map(({ name }) => own.runtime.remove(name)));
  }

  return {
    knobs,
    async start(pods) {
      storage = pods;
      const dataDir = options.dataDir ?? (scratch = mkdtempSync(join(tmpdir(), 'oet-local-')));
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      const python = await resolvePython(options.python ?? process.env['OET_LOCAL_PYTHON'] ?? 'python3');
      const open = async (): Promise<Runtime> => {
        const opened = await openRuntime({
          folder: join(dataDir, 'runtime'),
          python,
          onLost: (error) => {
            onError(error);
            void reopen();
          },
          ...(options.lingerSeconds === undefined ? {} : { lingerSeconds: options.lingerSeconds }),
        });
        opened.onExit((record) => {
          endedEarly?.set(record.name, record); // it may come with the list, before anybody is there to hear of it
          for (const worker of workers.values()) worker.onExit(record);
        });
        return opened;
      };
      /**
       * A new runtime ends what the old one left; the pods learn that their containers are gone. One that is lost again at
       * once is waited for ever longer: what kills it must not be fed with new ones in a loop.
       */
      const reopen = async (): Promise<void> => {
        const since = performance.now();
        losses = since - lastLoss < CALM_MS ? losses + 1 : 0;
        lastLoss = since;
        await sleep(losses === 0 ? 0 : Math.min(LONGEST_REOPEN_MS, 20 * 2 ** losses), undefined, { ref: false });
        if (closed) return;
        try {
          const next = await open();
          if (node) node.runtime = runtime = next;
          for (const worker of workers.values()) worker.lose();
        } catch (error) {
          onError(error);
          void reopen();
        }
      };
      runtime = await open();
      const name = options.nodeName ?? 'local';
      node = {
        name,
        address: '127.0.0.1',
        python,
        folder: join(dataDir, 'pods'),
        runtime,
        knobs,
        now,
        onError,
        ...storagePorts(pods, name, now),
      };
      registerNode(pods, name, node.address, now());
      await adoptAll(node, pods);
      unsubscribe = pods.subscribe(onEvent);
      scheduleAll();
      tickTimer = setTimeout(tick, knobs.tickMs);
      rotateTimer = setTimeout(rotate, knobs.logRotationMs);
    },
    logs: createLogs({ knobs, now }, findPod),
    attachPrecheck(namespace, name, wanted) {
      const { pod } = findPod(namespace, name);
      if (!pod) return { code: 404, message: `pods "${name}" not found` };
      const chosen = chooseContainer(pod, wanted.container);
      if (typeof chosen !== 'string') return chosen;
      if (pod.spec.nodeName === undefined) return { code: 400, message: `pod ${name} does not have a host assigned` };
      return undefined;
    },
    async attach(namespace, name, wanted, channel) {
      const { pod, worker } = findPod(namespace, name);
      const chosen = pod ? chooseContainer(pod, wanted.container) : '';
      const container = typeof chosen === 'string' ? chosen : '';
      if (!runtime) throw new Error(`attach to ${pod ? fullName(pod) : name} before the kubelet has started`);
      await serveAttach({ pod: name, namespace, container }, wanted, channel, {
        runtime,
        knobs,
        find: () =>
          worker
            ?.containers()
            .find((entry) => entry.container.spec.name === container)
            ?.container.target(),
      });
    },
    kill(namespace, name, oom = false) {
      const { worker } = findPod(namespace, name);
      for (const { container } of worker?.containers() ?? []) container.kill(oom).catch(onError);
    },
    async close(how) {
      closed = true;
      unsubscribe?.();
      clearTimeout(tickTimer);
      clearTimeout(rotateTimer);
      const logged = [...workers.values()].map((worker) => worker.detach());
      if (how === 'stop') await runtime?.shutdown();
      else runtime?.detach();
      await Promise.all(logged);
      if (scratch !== undefined && how === 'stop') rmSync(scratch, { recursive: true, force: true });
    },
  };
}
