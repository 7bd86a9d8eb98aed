import { Buffer } from 'node:buffer';

/** Bytes of a journal line without its line feed. */
const MAX_LINE = 16_383;

/** A line, or the first bytes of one that is too long. */
export interface Line {
  readonly bytes: Buffer;
  readonly cut: boolean;
}

/** Cuts a byte stream at line feeds, wherever its chunks end; holds at most one line. Lines are views into the chunk where that can be. */
export class LineSplitter {
  #held: Buffer[] = [];
  #length = 0;
  /** The rest of a line that was given out cut is dropped. */
  #skipping = false;

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#take(chunk.subarray(start, end), lines);
      this.#finish(lines);
      start = end + 1;
    }
    this.#take(chunk.subarray(start), lines);
    return lines;
  }

  /** The stream is over: what it left unfinished, which is no line. */
  end(): Line[] {
    const lines: Line[] = this.#length > 0 ? [{ bytes: Buffer.concat(this.#held), cut: true }] : [];
    this.#held = [];
    this.#length = 0;
    this.#skipping = false;
    return lines;
  }

  #take(piece: Buffer, lines: Line[]): void {
    if (this.#skipping || piece.length === 0) return;
    this.#held.push(piece);
    this.#length += piece.length;
    if (this.#length <= MAX_LINE) return;
    lines.push({ bytes: Buffer.concat(this.#held, MAX_LINE), cut: true });
    this.#held = [];
    this.#length = 0;
    this.#skipping = true;
  }

  #finish(lines: Line[]): void {
    const [first] = this.#held;
    if (first !== undefined) {
      lines.push({ bytes: this.#held.length === 1 ? first : Buffer.concat(this.#held), cut: false });
    }
    this.#held = [];
    this.#length = 0;
    this.#skipping = false;
  }
}
