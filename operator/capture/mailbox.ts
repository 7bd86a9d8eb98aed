/**
 * Messages on their way to the runner: each keeps its number and is sent again until an `answer` names it
 * (docs/protocol.md section 2), since neither an open attach nor a written frame proves anything.
 */
import { encodeMessage } from '../../journal/index.ts';
import type { AnswerEntry } from '../../journal/types.ts';
import type { Clock, Timer } from '../../kube/index.ts';

export interface Answer {
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly from?: number;
}

interface Pending {
  readonly key: string;
  readonly message: Readonly<Record<string, unknown>>;
  seq: number;
  tries: number;
  /** ms, monotonic: not again before. */
  due: number;
  readonly onAnswer: (answer: Answer) => void;
}

const FIRST_WAIT_MS = 250;
/** The same for a long message (the runner): sent again too early it holds up a busy node by much. */
const LONG_WAIT_MS = 1_000;
const LONG_FRAMES = 4;
const LONGEST_WAIT_MS = 4_000;

export class Mailbox {
  #session: number;
  #seq = 0;
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  /** Hands frames to an open attach, or opens one. */
  readonly #send: (frames: readonly Buffer[]) => void;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: { session: number; clock: Clock; send: (frames: readonly Buffer[]) => void }) {
    this.#session = options.session;
    this.#clock = options.clock;
    this.#send = options.send;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Sends a message until it is answered. A key that is under way already is left as it is. */
  post(key: string, message: Readonly<Record<string, unknown>>, onAnswer: (answer: Answer) => void): void {
    if (this.#closed || this.#pending.has(key)) return;
    const pending: Pending = { key, message, seq: ++this.#seq, tries: 0, due: 0, onAnswer };
    this.#pending.set(key, pending);
    this.#transmit([pending]);
  }

  /** Sends what is not answered (`ack`): losing one is made good by the next. */
  tell(message: Readonly<Record<string, unknown>>): void {
    if (!this.#closed) this.#send(encodeMessage(this.#session, ++this.#seq, message));
  }

  /** A new attach is open: what was on its way may be lost. */
  resend(): void {
    this.#transmit([...this.#pending.values()]);
  }

  answered(entry: AnswerEntry): void {
    if (!entry.ok && entry.code === 'stale-session') {
      // The runner knows a higher session than our lease does (a lease that was deleted counts from 0 again).
      const highest = entry.highest ?? this.#session;
      if (highest < this.#session) return;
      this.#session = highest + 1;
      for (const pending of this.#pending.values()) pending.seq = ++this.#seq;
      this.resend();
      return;
    }
    const [session, seq] = entry.to;
    if (session !== this.#session) return;
    for (const [key, pending] of this.#pending) {
      if (pending.seq !== seq) continue;
      this.#pending.delete(key);
      pending.onAnswer({
        ok: entry.ok,
        ...(entry.code !== undefined && { code: entry.code }),
        ...(entry.message !== undefined && { message: entry.message }),
        ...(entry.from !== undefined && { from: entry.from }),
      });
      return;
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#pending.clear();
  }

  #transmit(messages: readonly Pending[]): void {
    if (messages.length === 0) return;
    const now = this.#clock.monotonic();
    const frames: Buffer[] = [];
    for (const pending of messages) {
      const encoded = encodeMessage(this.#session, pending.seq, pending.message);
      const first = encoded.length > LONG_FRAMES ? LONG_WAIT_MS : FIRST_WAIT_MS;
      pending.due = now + Math.min(LONGEST_WAIT_MS, first * 2 ** pending.tries++);
      frames.push(...encoded);
    }
    this.#send(frames);
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    if (this.#pending.size === 0) return;
    const now = this.#clock.monotonic();
    const due = Math.min(...[...this.#pending.values()].map((pending) => pending.due));
    this.#timer = this.#clock.setTimeout(
      () => {
        const late = this.#clock.monotonic();
        this.#transmit([...this.#pending.values()].filter((pending) => pending.due <= late));
        this.#arm();
      },
      Math.max(1, due - now),
    );
  }
}
