/** The captures under way, and the bound on attaches that are open at once. */
import { Capture } from '../capture/capture.ts';
import { Crowd } from '../capture/crowd.ts';
import type { CapturePorts, ContainerStreams } from '../capture/ports.ts';
import { terminated } from '../decide/verdict.ts';
import type { LivePod } from './view.ts';

/** Above so many open attaches the longest idle is closed; it opens again in 15 ms when it is needed. */
const MOST_ATTACHED = 200;

export class Captures {
  readonly #captures = new Map<string, Capture>();
  readonly #ports: Omit<CapturePorts, 'streams' | 'changed' | 'crowd'>;
  readonly #streamsOf: (podName: string) => ContainerStreams;
  readonly #changed: (uid: string) => void;
  readonly #crowd = new Crowd();

  constructor(options: {
    ports: Omit<CapturePorts, 'streams' | 'changed' | 'crowd'>;
    streamsOf: (podName: string) => ContainerStreams;
    changed: (uid: string) => void;
  }) {
    this.#ports = options.ports;
    this.#streamsOf = options.streamsOf;
    this.#changed = options.changed;
  }

  get size(): number {
    return this.#captures.size;
  }

  /** How many something hinders, by its reason. */
  degraded(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const capture of this.#captures.values()) {
      const { trouble } = capture.view();
      if (trouble) counts.set(trouble.reason, (counts.get(trouble.reason) ?? 0) + 1);
    }
    return counts;
  }

  get(uid: string): Capture | undefined {
    return this.#captures.get(uid);
  }

  /** Begins a run's capture where none is under way, from what the store has. */
  ensure(uid: string, podName: string, stored: { high: number; ended: boolean }): Capture {
    const known = this.#captures.get(uid);
    if (known) return known;
    const streams = this.#streamsOf(podName);
    const ports = { ...this.#ports, streams, crowd: this.#crowd, changed: () => this.#changed(uid) };
    const capture = new Capture({ uid, ...stored, ports });
    this.#captures.set(uid, capture);
    capture.begin();
    this.#bound();
    return capture;
  }

  /** Passes on what the pods' watch knows of the container. */
  podSeen(uid: string, pod: LivePod): void {
    const capture = this.#captures.get(uid);
    if (!capture) return;
    const phase = pod.status?.phase;
    const main = pod.status?.containerStatuses?.find(({ name }) => name === 'main');
    if (terminated(pod) || phase === 'Failed' || phase === 'Succeeded') capture.containerSeen('ended');
    else if (main?.state?.running) capture.containerSeen('running');
  }

  release(uid: string): void {
    this.#captures.get(uid)?.close();
    this.#captures.delete(uid);
  }

  closeAll(): void {
    for (const uid of [...this.#captures.keys()]) this.release(uid);
  }

  #bound(): void {
    const open = [...this.#captures.values()].filter((capture) => capture.attachedSince !== undefined);
    if (open.length <= MOST_ATTACHED) return;
    open.sort((a, b) => (a.attachedSince ?? 0) - (b.attachedSince ?? 0));
    for (const capture of open.slice(0, open.length - MOST_ATTACHED)) capture.idle();
  }
}
