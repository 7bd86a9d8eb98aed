/**
 * The attach of one container, kept as long as it is wanted. An attach fails until the container exists and may be lost at
 * any time, so opening is a loop; what was written into a lost one is the mailbox's to send again.
 */
import type { Clock } from '../../kube/index.ts';
import type { ContainerStreams, Link, Log } from './ports.ts';

/** Waits between tries, by how long it has been failing: a container starts within a second or after a long pull. */
function pause(failingMs: number): number {
  if (failingMs < 3_000) return 25;
  return failingMs < 30_000 ? 200 : 1_000;
}

export class Attachment {
  readonly #streams: ContainerStreams;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onStdout: (chunk: Buffer, fresh: boolean) => void;
  readonly #onOpen: () => void;
  readonly #abort = new AbortController();
  readonly #queues = new WeakMap<Link, Promise<void>>();
  #link: Link | undefined;
  #stdout: boolean;
  #wanted = false;
  #running = false;
  /** ms, monotonic; for the manager, which closes the one that was idle longest. */
  lastUsed = 0;

  constructor(options: {
    streams: ContainerStreams;
    clock: Clock;
    log: Log;
    /** The first one carries stdout, too: the quick way up. */
    stdout: boolean;
    /** `fresh` marks the first chunk of an attach, which may begin within a line. */
    onStdout: (chunk: Buffer, fresh: boolean) => void;
    onOpen: () => void;
  }) {
    this.#streams = options.streams;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#stdout = options.stdout;
    this.#onStdout = options.onStdout;
    this.#onOpen = options.onOpen;
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
    const { signal } = this.#abort;
    for (let failingSince: number | undefined; this.#wanted && !signal.aborted;) {
      const began = this.#clock.monotonic();
      try {
        const link = await this.#streams.attach({ stdout: this.#stdout }, signal);
        let fresh = true;
        link.onStdout((chunk) => {
          this.#onStdout(chunk, fresh);
          fresh = false;
        });
        this.#link = link;
        this.lastUsed = began;
        this.#onOpen();
        const { failure } = await link.closed;
        if (failure !== undefined) this.#log.debug({ failure }, 'attach ended');
      } catch (error) {
        this.#log.debug({ err: error }, 'attach refused');
      }
      this.#link = undefined;
      if (this.#isOver()) break;
      // An attach that lasted is not a failure; one that ended at once may be the window in which bytes are lost.
      const now = this.#clock.monotonic();
      failingSince = now - began > 1_000 ? undefined : (failingSince ?? began);
      await this.#clock.sleep(failingSince === undefined ? 5 : pause(now - failingSince), signal);
    }
    this.#running = false;
    // `want` may have come between the loop's last look and here.
    if (!this.#isOver()) void this.#run();
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
