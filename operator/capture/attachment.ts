/**
 * The attach of one container, kept as long as it is wanted. An attach fails until the container exists and may be lost at
 * any time, so opening is a loop; what was written into a lost one is the mailbox's to send again.
 */
import { KubeError, type Clock } from '../../kube/index.ts';
import { alone, type Crowd } from './crowd.ts';
import type { ContainerStreams, Link, Log } from './ports.ts';

/**
 * Between tries once the script is over: what ends an attach then is the end of the container, for which every try would be in vain. An
 * acknowledgement may still be owed, and the runner waits longer for it.
 */
const ENDING_MS = 3_000;

export class Attachment {
  readonly #streams: ContainerStreams;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #crowd: Crowd;
  readonly #onStdout: (chunk: Buffer, fresh: boolean) => void;
  readonly #onOpen: () => void;
  readonly #onRefused: (message: string | undefined) => void;
  readonly #onClosed: () => void;
  readonly #abort = new AbortController();
  readonly #queues = new WeakMap<Link, Promise<void>>();
  #link: Link | undefined;
  #stdout = true;
  #seen = false;
  #wanted = false;
  #running = false;
  #nap: AbortController | undefined;
  #ending = false;
  /** The first try is under way, alone: what comes of it is worth knowing. */
  #first = false;
  /** ms, monotonic; for the manager, which closes the one that was idle longest. */
  lastUsed = 0;

  constructor(options: {
    streams: ContainerStreams;
    clock: Clock;
    log: Log;
    crowd: Crowd;
    /** `fresh` marks the first chunk of an attach, which may begin within a line. */
    onStdout: (chunk: Buffer, fresh: boolean) => void;
    onOpen: () => void;
    /** The API server forbids it, with its words; undefined once it does not any more. */
    onRefused: (message: string | undefined) => void;
    /** None is open: a try failed, or one ended. */
    onClosed: () => void;
  }) {
    this.#streams = options.streams;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#crowd = options.crowd;
    this.#onStdout = options.onStdout;
    this.#onOpen = options.onOpen;
    this.#onRefused = options.onRefused;
    this.#onClosed = options.onClosed;
  }

  get isOpen(): boolean {
    return this.#link?.open === true;
  }

  get carriesStdout(): boolean {
    return this.#stdout;
  }

  /** Opens it if it is not, and keeps it open until `idle` or `close`. */
  want(): void {
    this.#wanted = true;
    if (!this.#running && !this.#abort.signal.aborted) void this.#run();
  }

  /** The container is seen running: no need to wait for the next try. */
  containerSeen(): void {
    if (this.#seen) return;
    this.#seen = true;
    this.#first = false;
    this.#crowd.leave(this);
    this.#nap?.abort();
  }

  /** The script is over: the container is about to end, and a lost attach is most likely its end. */
  ending(): void {
    this.#ending = true;
  }

  send(frames: readonly Buffer[]): void {
    this.lastUsed = this.#clock.monotonic();
    if (this.#link?.open === true) this.#write(this.#link, Buffer.concat(frames));
    // Without a link nothing is queued: the mailbox sends all that is unanswered as soon as one opens.
    else this.want();
  }

  /** The log is read by now: from here on only stdin is asked for, by a new attach. */
  dropStdout(): void {
    if (!this.#stdout) return;
    this.#stdout = false;
    this.#crowd.leave(this);
    this.#link?.close();
  }

  /** The log cannot be read: what the container says comes by a new attach, until `dropStdout`. */
  takeStdout(): void {
    if (this.#stdout) return;
    this.#stdout = true;
    this.#link?.close();
  }

  /** Closes it until somebody sends again. */
  idle(): void {
    this.#wanted = false;
    this.#link?.close();
  }

  close(): void {
    this.#abort.abort();
    this.#link?.close();
  }

  async #run(): Promise<void> {
    this.#running = true;
    if (!this.#seen && this.#stdout) await this.#waitForFirst();
    for (let failingSince: number | undefined; !this.#isOver();) {
      const began = this.#clock.monotonic();
      const failed = await this.#hold(began);
      if (this.#isOver()) break;
      this.#tried('missed');
      // One that ended at once may be in the window in which bytes are lost: a failure, too.
      const now = this.#clock.monotonic();
      failingSince = failed || now - began < 1_000 ? (failingSince ?? began) : undefined;
      await this.#sleep(failingSince === undefined ? 5 : this.#pause(now - failingSince));
    }
    this.#crowd.leave(this);
    this.#running = false;
    // `want` may have come between the loop's last look and here.
    if (!this.#isOver()) void this.#run();
  }

  /** Opens a link and stays with it to its end; whether it failed. */
  async #hold(began: number): Promise<boolean> {
    try {
      const link = await this.#streams.attach({ stdout: this.#stdout }, this.#abort.signal);
      let fresh = true;
      link.onStdout((chunk) => {
        this.#crowd.leave(this);
        this.#tried('found');
        this.#onStdout(chunk, fresh);
        fresh = false;
      });
      this.#link = link;
      this.lastUsed = began;
      this.#onRefused(undefined);
      this.#onOpen();
      const { failure } = await link.closed;
      if (failure !== undefined) this.#log.debug({ failure }, 'attach ended');
      return failure !== undefined;
    } catch (error) {
      this.#log.debug({ err: error }, 'attach refused');
      // Any other answer of the API server's tells that it would be allowed by now.
      if (error instanceof KubeError && error.status !== 0)
        this.#onRefused(error.status === 403 ? error.message : undefined);
      return true;
    } finally {
      this.#link = undefined;
      if (!this.#isOver()) this.#onClosed();
    }
  }

  /** Until it is seen nobody knows that the container is there: those tries are bounded over all runs. */
  #pause(failingMs: number): number {
    if (this.#ending) return ENDING_MS;
    if (this.#seen) return alone(failingMs);
    return this.#crowd.pause(this, failingMs);
  }

  async #waitForFirst(): Promise<void> {
    const { ms } = this.#crowd.first;
    const pause = this.#pause(0);
    this.#first = pause <= ms; // in a crowd it is only later
    await this.#sleep(Math.max(ms, pause));
  }

  #tried(outcome: 'found' | 'missed'): void {
    if (!this.#first) return;
    this.#first = false;
    this.#crowd.first[outcome]();
  }

  async #sleep(ms: number): Promise<void> {
    this.#nap = new AbortController();
    await this.#clock.sleep(ms, AbortSignal.any([this.#abort.signal, this.#nap.signal]));
  }

  #isOver(): boolean {
    return !this.#wanted || this.#abort.signal.aborted;
  }

  /** One write after the other: `write` waits where the socket is slow. What a closing link leaves unsent goes with it. */
  #write(link: Link, data: Buffer): void {
    const queue = this.#queues.get(link) ?? Promise.resolve();
    const next = queue.then(() => link.write(data));
    this.#queues.set(
      link,
      next.catch((error: unknown) => {
        this.#log.debug({ err: error }, 'attach closed while writing');
        link.close();
      }),
    );
  }
}
