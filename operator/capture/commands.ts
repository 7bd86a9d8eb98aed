/** The commands to one runner: each is asked for once, and what it was answered is kept for the decision. */
import type { CaptureView, CommandView, StopRequest } from '../decide/types.ts';
import type { Answer, Mailbox } from './mailbox.ts';

export class Commands {
  readonly #mailbox: Pick<Mailbox, 'post'>;
  readonly #now: () => number;
  readonly #changed: () => void;
  #prepare: CommandView | undefined;
  #start: CommandView | undefined;
  #stop: CaptureView['stop'];

  constructor(options: {
    mailbox: Pick<Mailbox, 'post'>;
    /** ms. */
    now: () => number;
    /** A command was answered. */
    changed: () => void;
  }) {
    this.#mailbox = options.mailbox;
    this.#now = options.now;
    this.#changed = options.changed;
  }

  view(): Pick<CaptureView, 'prepare' | 'start' | 'stop'> {
    return {
      ...(this.#prepare && { prepare: this.#prepare }),
      ...(this.#start && { start: this.#start }),
      ...(this.#stop && { stop: this.#stop }),
    };
  }

  /** The runner's source and the script. Both are idempotent: after a restart of ours they are sent again and change nothing. */
  prepare(nonce: string, runner: { source: string; sha256: string }, message: Readonly<Record<string, unknown>>): void {
    if (this.#prepare) return;
    const asked = { since: this.#now() };
    this.#prepare = asked;
    const answered = (answer: Answer): void => {
      this.#prepare = { ...asked, answer };
      this.#changed();
    };
    // Only once `boot` is answered: a bootstrap that lost it would refuse `prepare`, and a refusal is an answer.
    this.#mailbox.post('boot', { m: 'boot', nonce, sha256: runner.sha256, source: runner.source }, (boot) => {
      if (!boot.ok) return answered(boot);
      this.#mailbox.post('prepare', { m: 'prepare', nonce, ...message }, answered);
    });
  }

  /** Has main started. A refusal because `prepare` was not there yet is no last word. */
  main(nonce: string, argsJSON: string): void {
    if (this.#start && this.#start.answer?.code !== 'not-ready') return;
    const asked = { since: this.#now() };
    this.#start = asked;
    this.#mailbox.post('start', { m: 'start', nonce, argsJSON }, (answer) => {
      this.#start = { ...asked, answer };
      this.#changed();
    });
  }

  /** Has the script stopped. Another mode is another command; what the one before is answered then counts no more. */
  stop(nonce: string, stop: StopRequest): void {
    if (this.#stop?.mode === stop.mode) return;
    const asked = { since: this.#now(), mode: stop.mode };
    this.#stop = asked;
    this.#mailbox.post(`stop ${stop.mode}`, { m: 'stop', nonce, ...stop }, (answer) => {
      if (this.#stop?.mode !== asked.mode) return;
      this.#stop = { ...asked, answer };
      this.#changed();
    });
  }
}
