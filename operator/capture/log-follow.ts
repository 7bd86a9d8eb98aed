/**
 * When one run's log is read, beside or instead of its attach (docs/adr/0007): an attach with stdout brings a short run's whole
 * output; from then on, or where no attach does, the log is followed to the end after the container's end.
 */
import type { Entry } from '../../journal/types.ts';
import type { Clock, Timer } from '../../kube/index.ts';
import type { Trouble } from '../decide/types.ts';
import type { Attachment } from './attachment.ts';
import { LOG_FORBIDDEN, readToEnd } from './log-source.ts';
import type { ContainerStreams, Log } from './ports.ts';

/**
 * So long after a container was seen running the attach alone brings what it says. Most scripts are over by then: following the log and
 * attaching again without stdout costs a cluster more processor time than a short script does.
 */
const LOG_AFTER_MS = 3_000;

export interface LogFollowOptions {
  readonly streams: ContainerStreams;
  readonly clock: Clock;
  readonly log: Log;
  readonly attachment: Pick<Attachment, 'containerSeen' | 'dropStdout' | 'takeStdout' | 'close'>;
  /** The store has entries of this run: an earlier operator captured it. */
  readonly resumed: boolean;
  readonly onEntries: (entries: readonly Entry[]) => void;
  readonly onDiagnostic: (text: string) => void;
  /** Waits while the store is behind. */
  readonly room: () => Promise<void>;
  /** Where to begin after a cut, RFC 3339. */
  readonly since: () => string | undefined;
  /** The entry `end` is in: nothing more will come. */
  readonly finished: () => boolean;
  readonly onTrouble: (trouble: Omit<Trouble, 'since'> | undefined) => void;
  /** The container has ended, and what it said is read or gone. */
  readonly onDrained: () => void;
}

export class LogFollow {
  readonly #options: LogFollowOptions;
  readonly #abort = new AbortController();
  #seen = false;
  #overSince: number | undefined;
  #reading = false;
  #drained = false;
  #timer: Timer | undefined;

  constructor(options: LogFollowOptions) {
    this.#options = options;
  }

  /** The container is known to have ended. */
  get ended(): boolean {
    return this.#overSince !== undefined;
  }

  /** Since when, ms. */
  get overSince(): number | undefined {
    return this.#overSince;
  }

  /** It has ended, and its log was read to the end after that, or cannot be read any more. */
  get drained(): boolean {
    return this.#drained;
  }

  /** The pod's container was seen running or ended: its log can be read now. */
  containerSeen(state: 'running' | 'ended'): void {
    const { attachment, resumed, clock } = this.#options;
    const before = this.#seen;
    this.#seen = true;
    if (state === 'ended') this.#end();
    else attachment.containerSeen();
    // Of a run that is taken over, the log has what was said meanwhile.
    if (state === 'ended' || resumed) this.#read();
    else if (!before) this.#timer = clock.setTimeout(() => this.#read(), LOG_AFTER_MS);
  }

  /** No attach brings anything at present. */
  attachClosed(): void {
    this.#read();
  }

  /** The pod is gone, its log with it. */
  podGone(): void {
    this.#end();
    this.#drain();
  }

  close(): void {
    this.#abort.abort();
    this.#timer?.cancel();
  }

  /** Nobody is there to be told anything: tries to attach would cost the cluster 12 ms each. */
  #end(): void {
    this.#overSince ??= this.#options.clock.now();
    this.#options.attachment.close();
  }

  #drain(): void {
    if (this.#drained) return;
    this.#drained = true;
    this.#options.onDrained();
  }

  /** Has the log read from now on, if the container is there. */
  #read(): void {
    if (!this.#seen || this.#reading || this.#drained || this.#abort.signal.aborted) return;
    this.#timer?.cancel();
    this.#reading = true;
    void this.#readToEnd();
  }

  async #readToEnd(): Promise<void> {
    const { attachment, onTrouble, ...source } = this.#options;
    let replaced = false;
    const over = await readToEnd(
      {
        ...source,
        onCaughtUp: () => {
          if (replaced) return;
          replaced = true;
          attachment.dropStdout();
        },
        ended: () => this.ended,
        gone: () => this.#drained,
        onDegraded: (trouble) => {
          onTrouble(trouble);
          if (trouble?.reason !== LOG_FORBIDDEN) return;
          replaced = false;
          attachment.takeStdout();
        },
      },
      this.#abort.signal,
    );
    this.#reading = false;
    if (over) this.#drain();
  }
}
