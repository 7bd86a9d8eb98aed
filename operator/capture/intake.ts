/** From what attach and log say to the one row of entries that the store is given; what it tells at once is acted upon at once. */
import { LineDecoder } from '../../journal/index.ts';
import type { Entry, HelloEntry } from '../../journal/types.ts';
import type { CaptureView } from '../decide/types.ts';
import { Feed } from './feed.ts';
import type { Mailbox } from './mailbox.ts';
import type { Log } from './ports.ts';

export class Intake {
  readonly #uid: string;
  readonly #log: Log;
  readonly #mailbox: Pick<Mailbox, 'post' | 'answered'>;
  readonly #onEntries: (entries: readonly Entry[]) => void;
  readonly #onHello: () => void;
  readonly #feed: Feed;
  #attachDecoder = new LineDecoder();
  #attachFresh = true;
  #hello: CaptureView['hello'];
  #lastTime: number | undefined;

  constructor(options: {
    uid: string;
    /** What the store has: entries up to it are repeats. */
    high: number;
    log: Log;
    /** Told of answers; asked to have lost entries sent again. */
    mailbox: Pick<Mailbox, 'post' | 'answered'>;
    /** Entries that are new, in order. */
    onEntries: (entries: readonly Entry[]) => void;
    /** The container has said who it is, for the first time in this capture. */
    onHello: () => void;
  }) {
    this.#uid = options.uid;
    this.#log = options.log;
    this.#mailbox = options.mailbox;
    this.#onEntries = options.onEntries;
    this.#onHello = options.onHello;
    this.#feed = new Feed(options.high);
  }

  get hello(): CaptureView['hello'] {
    return this.#hello;
  }

  /** Where a log is to be read again from, RFC 3339: a second before the last entry. Undefined while there was none. */
  get since(): string | undefined {
    return this.#lastTime === undefined ? undefined : new Date(this.#lastTime / 1000 - 1_000).toISOString();
  }

  /** `fresh` marks the first chunk of an attach, which may begin within a line. */
  fromAttach(chunk: Buffer, fresh: boolean): void {
    if (fresh) {
      this.#attachDecoder = new LineDecoder();
      this.#attachFresh = true;
    }
    const entries: Entry[] = [];
    for (const item of this.#attachDecoder.push(chunk)) {
      if ('entry' in item) entries.push(item.entry);
      // The first line of an attach may be the rest of one; later ones are the log's to report.
      else if (!this.#attachFresh) this.#log.debug({ uid: this.#uid, text: item.diagnostic }, 'no entry on the attach');
      this.#attachFresh = false;
    }
    this.take(entries);
  }

  /** Takes entries of whichever source; what lies before a hole is asked for again. */
  take(entries: readonly Entry[]): void {
    const fresh: Entry[] = [];
    let hole: number | undefined;
    for (const entry of entries) {
      if (entry.k === 'hello') this.#learn(entry);
      const accepted = this.#feed.accept(entry);
      hole = accepted.entries.length > 0 ? undefined : (accepted.hole ?? hole);
      for (const one of accepted.entries) {
        fresh.push(one);
        this.#notice(one);
      }
    }
    this.#onEntries(fresh);
    if (hole !== undefined) this.#replay(hole);
  }

  /** Acts on what cannot wait for the store: answers. Everything that clients see waits for the commit. */
  #notice(entry: Entry): void {
    this.#lastTime = entry.t;
    if (entry.k === 'answer') this.#mailbox.answered(entry);
  }

  /** Also from a repeat: an earlier operator may have stored the hello and died before it wrote the permit. */
  #learn({ nonce, v, undumpable }: HelloEntry): void {
    if (this.#hello) return;
    this.#hello = { nonce, v, undumpable };
    this.#onHello();
  }

  #replay(from: number): void {
    this.#mailbox.post('replay', { m: 'replay', from }, (answer) => {
      const first = answer.from ?? from;
      if (!answer.ok || first <= this.#feed.wanted) return;
      // Only a store that was lost can lack what the runner was told is safe. Said, and gone on from there.
      const lost = this.#feed.skipTo(first);
      this.#log.error({ uid: this.#uid, lost, from: first }, 'entries are gone from the store and from the runner');
    });
  }
}
