import type WebSocket from 'ws';
import type { Clock, Timer } from './clock.ts';

/** How an attachment ended. */
export interface AttachmentEnd {
  /** The WebSocket's close code; 1006 without a close. 1000 is said after failures, too. */
  code: number;
  /** The message of a Failure on channel 3: what was written shortly before may be lost. */
  failure?: string;
  /** A Success on channel 3. It does not say that anything arrived. */
  success: boolean;
  /** Why the connection broke, if it did. */
  error?: Error;
}

/** An open attachment to a container's stdin and stdout. */
export interface Attachment {
  /** Whether a write can still be tried. */
  readonly open: boolean;
  /** Bytes that are written and not yet with the operating system. */
  readonly bufferedAmount: number;
  /** Resolves when the bytes are with the operating system, in order; rejects if the attachment closes before. */
  write(data: Buffer): Promise<void>;
  /** One reader for all that stdout brings, also what came before it was set. It must not throw and cannot pause. */
  onStdout(reader: (data: Buffer) => void): void;
  /** Resolves once, when all is over; never rejects. Without stdout the container's end does not end it: see the pod. */
  readonly closed: Promise<AttachmentEnd>;
  /** Says goodbye; the container's stdin sees no end of file. */
  close(): void;
}

const STDIN = 0;
const STDOUT = 1;
const STATUS = 3;
/** More than this is not given to the socket at a time; what waits behind it costs the writer, not the heap. */
const HIGH_WATER = 256 * 1024;
/** Time for the other side to answer a close. */
const GOODBYE_MS = 2_000;

interface Write {
  data: Buffer;
  resolve(): void;
  reject(error: Error): void;
}

/** The channels of v5.channel.k8s.io on one WebSocket: the first byte of each message names the channel. */
export class AttachedSocket implements Attachment {
  readonly closed: Promise<AttachmentEnd>;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #waiting: Write[] = [];
  readonly #sent = new Set<Write>();
  readonly #end: AttachmentEnd = { code: 1006, success: false };
  #reader: ((data: Buffer) => void) | undefined;
  #early: Buffer[] = [];
  #waitingBytes = 0;
  #answered = true;
  #timer: Timer | undefined;

  constructor(socket: WebSocket, { clock, pingMs }: { clock: Clock; pingMs: number }) {
    this.#socket = socket;
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<AttachmentEnd>();
    this.closed = promise;
    socket.on('message', (data: Buffer) => this.#take(data));
    socket.on('error', (error) => (this.#end.error ??= error));
    socket.on('pong', () => (this.#answered = true));
    if (pingMs > 0) socket.once('open', () => this.#ping(pingMs));
    socket.once('close', (code) => {
      this.#timer?.cancel();
      this.#end.code = code;
      const lost = this.#end.error ?? new Error(`the attachment is closed: ${this.#end.failure ?? `code ${code}`}`);
      for (const write of [...this.#sent, ...this.#waiting.splice(0)]) write.reject(lost);
      this.#sent.clear();
      resolve(this.#end);
    });
  }

  get open(): boolean {
    // After a status the other side has let go of stdin, whatever the socket says.
    return this.#socket.readyState === this.#socket.OPEN && this.#end.failure === undefined && !this.#end.success;
  }

  get bufferedAmount(): number {
    if (this.#socket.readyState === this.#socket.CLOSED) return 0; // all of it was refused
    return this.#socket.bufferedAmount + this.#waitingBytes;
  }

  write(data: Buffer): Promise<void> {
    if (!this.open)
      return Promise.reject(new Error(`the attachment is closed: ${this.#end.failure ?? 'no more writes'}`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ data, resolve, reject });
      this.#waitingBytes += data.length;
      this.#pump();
    });
  }

  onStdout(reader: (data: Buffer) => void): void {
    this.#reader = reader;
    for (const data of this.#early.splice(0)) reader(data);
  }

  close(): void {
    if (this.#socket.readyState >= this.#socket.CLOSING) return;
    this.#socket.close(1000);
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(() => this.#socket.terminate(), GOODBYE_MS);
  }

  #pump(): void {
    while (this.open && this.#socket.bufferedAmount < HIGH_WATER) {
      const write = this.#waiting.shift();
      if (!write) return;
      this.#waitingBytes -= write.data.length;
      this.#sent.add(write);
      this.#socket.send(Buffer.concat([Buffer.of(STDIN), write.data]), (error) => {
        if (!this.#sent.delete(write)) return; // the close was faster
        if (error) write.reject(error);
        else write.resolve();
        this.#pump();
      });
    }
  }

  #take(message: Buffer): void {
    const data = message.subarray(1);
    if (data.length === 0) return; // the API server greets on every channel
    if (message[0] === STDOUT) {
      if (this.#reader) this.#reader(data);
      else this.#early.push(data);
    } else if (message[0] === STATUS) {
      const failure = failureOf(data.toString('utf8').trim());
      if (failure === undefined) this.#end.success = true;
      else this.#end.failure = failure;
    }
  }

  #ping(everyMs: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      if (!this.#answered) {
        this.#end.error ??= new Error(`no answer to a ping in ${everyMs} ms`);
        this.#socket.terminate();
        return;
      }
      this.#answered = false;
      this.#socket.ping();
      this.#ping(everyMs);
    }, everyMs);
  }
}

/** The message of an outcome on channel 3, a Status without its kind; undefined for a Success. */
function failureOf(text: string): string | undefined {
  let outcome: unknown;
  try {
    outcome = JSON.parse(text);
  } catch {
    return text; // plain text is what older kubelets send
  }
  if (typeof outcome !== 'object' || outcome === null || !('status' in outcome)) return text;
  if (outcome.status === 'Success') return undefined;
  return 'message' in outcome && typeof outcome.message === 'string' ? outcome.message : text;
}
