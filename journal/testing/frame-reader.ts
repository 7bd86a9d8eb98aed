import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crcPrefix, MAX_FRAME, MAX_MESSAGE, MAX_PARTS } from '../frames.ts';
import { losslessParse } from '../lossless.ts';

interface ReadMessage {
  readonly session: number;
  readonly seq: number;
  readonly message: Record<string, unknown>;
}
/** A frame of a session that is over; told once per session and seq. */
interface Refusal {
  readonly session: number;
  readonly seq: number;
  readonly highest: number;
}
export interface Read {
  readonly messages: ReadMessage[];
  readonly refused: Refusal[];
}

interface Held {
  readonly parts: (Buffer | undefined)[];
  readonly digest: string;
  bytes: number;
}

const LINE = /^@oet1 (0|[1-9]\d*) ([1-9]\d*) ([1-9]\d*)\/([1-9]\d*) (-|[0-9a-f]{64}) (0|[1-9]\d*) ([0-9a-f]{8}) /;
const MAX_HELD = 8;

/** The runner's side of the frames, for tests and doubles: the same rules as docs/protocol.md section 1. */
export class FrameReader {
  /** Frames dropped so far. */
  damaged = 0;
  highest = -1;
  #rest = Buffer.alloc(0);
  #skipping = false;
  readonly #held = new Map<number, Held>();
  readonly #told = new Set<string>();

  push(chunk: Buffer): Read {
    const read: Read = { messages: [], refused: [] };
    const bytes = Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.#line(bytes.subarray(start, end), read);
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > MAX_FRAME - 2) {
      if (!this.#skipping) this.damaged++;
      this.#skipping = true;
      this.#rest = Buffer.alloc(0);
    }
    return read;
  }

  #line(line: Buffer, read: Read): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (line.length === 0) return;
    const match = line.length > MAX_FRAME - 2 ? null : LINE.exec(line.toString('latin1'));
    if (match === null) {
      this.damaged++;
      return;
    }
    const [head, session, seq, part, parts, digest, length, crc] = match as unknown as [string, ...string[]] &
      [string, string, string, string, string, string, string, string];
    const payload = Buffer.from(line.subarray(head.length));
    const sum = crc32(payload, crc32(crcPrefix(session, seq, `${part}/${parts}`, digest)));
    const fits =
      Number(part) <= Number(parts) &&
      Number(parts) <= MAX_PARTS &&
      (digest === '-') === (parts === '1') &&
      Number.isSafeInteger(Number(session)) &&
      Number.isSafeInteger(Number(seq));
    if (!fits || payload.length !== Number(length) || sum !== parseInt(crc, 16)) {
      this.damaged++;
      return;
    }
    this.#frame(Number(session), Number(seq), Number(part), Number(parts), digest, payload, read);
  }

  #frame(session: number, seq: number, part: number, parts: number, digest: string, payload: Buffer, read: Read): void {
    if (session < this.highest) {
      const key = `${session} ${seq}`;
      if (!this.#told.has(key)) read.refused.push({ session, seq, highest: this.highest });
      this.#told.add(key);
      return;
    }
    if (session > this.highest) {
      this.highest = session;
      this.#held.clear();
    }
    let held = this.#held.get(seq);
    if (held === undefined || held.digest !== digest || held.parts.length !== parts) {
      held = { parts: Array<Buffer | undefined>(parts).fill(undefined), digest, bytes: 0 };
      this.#held.set(seq, held);
    }
    if (held.parts[part - 1] === undefined) held.bytes += payload.length;
    held.parts[part - 1] = payload;
    const complete = held.parts.filter((each) => each !== undefined);
    if (complete.length === parts) {
      this.#held.delete(seq);
      this.#message(session, seq, digest, Buffer.concat(complete), read);
    }
    this.#limit();
  }

  #message(session: number, seq: number, digest: string, text: Buffer, read: Read): void {
    if (digest !== '-' && createHash('sha256').update(text).digest('hex') !== digest) {
      this.damaged++;
      return;
    }
    read.messages.push({ session, seq, message: losslessParse(text.toString()) as Record<string, unknown> });
  }

  #limit(): void {
    let bytes = 0;
    for (const held of this.#held.values()) bytes += held.bytes;
    for (const [seq, held] of this.#held) {
      if (this.#held.size <= MAX_HELD && bytes <= MAX_MESSAGE) return;
      this.#held.delete(seq);
      bytes -= held.bytes;
    }
  }
}
