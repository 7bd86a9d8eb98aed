/**
 * When to acknowledge what the store has. An acknowledgement may get lost like everything that goes down, and a runner whose
 * window is full then says nothing more: it is repeated while nothing new comes (docs/protocol.md section 4).
 */
import type { Clock, Timer } from '../../kube/index.ts';

/** After so many bytes in the store or so long, whatever comes first. The runner stops writing at 4 MiB. */
const AFTER_BYTES = 512 * 1024;
const AFTER_MS = 200;
/** Pauses of the repetitions, ms. After `end` the runner waits for one, for 30 s. */
const AGAIN_MS = [50, 150, 400, 1_000, 2_000, 4_000, 8_000] as const;

export interface AckPorts {
  readonly clock: Clock;
  /** Sends an acknowledgement up to n, opening an attach if none is open. */
  readonly tell: (n: number) => void;
  readonly isOpen: () => boolean;
  /** The container has ended: nobody listens. */
  readonly isOver: () => boolean;
}

export class Acks {
  readonly #ports: AckPorts;
  #high: number;
  #bytes = 0;
  #timer: Timer | undefined;
  /** Which repetition the timer is for; 0 is the first word about new entries. */
  #attempt = 0;

  /** @param high what the store has already. */
  constructor(high: number, ports: AckPorts) {
    this.#high = high;
    this.#ports = ports;
  }

  /** `bytes` more are in the store, up to n = `high`; `ended` if `end` is among them. */
  stored(bytes: number, high: number, ended: boolean): void {
    this.#high = Math.max(this.#high, high);
    this.#bytes += bytes;
    if (ended || this.#bytes >= AFTER_BYTES) this.#tell(0);
    else if (this.#ports.isOpen()) this.#tellIn(AFTER_MS, 0);
  }

  /** A new attach is open: what was told over the last one may be lost. */
  opened(): void {
    if (this.#high > 0) this.#tell(0);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #tell(attempt: number): void {
    this.#bytes = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ports.tell(this.#high);
    const pause = AGAIN_MS[attempt];
    if (pause !== undefined && !this.#ports.isOver()) this.#tellIn(pause, attempt + 1);
  }

  /** Sets the timer anew where it was one for a repetition; the first word about new entries is never put off. */
  #tellIn(ms: number, attempt: number): void {
    if (this.#timer && this.#attempt === 0) return;
    this.#timer?.cancel();
    this.#attempt = attempt;
    this.#timer = this.#ports.clock.setTimeout(() => this.#tell(attempt), ms);
  }
}
