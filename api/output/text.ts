import type { OutputChunk } from '../../journal/types.ts';

/** The line that stands where output was not kept. It is part of the text: it counts for `from` like what the script wrote. */
function gapLine(bytes: number): string {
  return `\n[… ${bytes} bytes not kept …]\n`;
}

/** The bytes of a chunk as clients get them. */
export function bytesOf({ data, gap }: OutputChunk): Buffer {
  return gap === undefined || gap === 0 ? data : Buffer.concat([Buffer.from(gapLine(gap)), data]);
}

/** Leaves out the first `count` bytes of what passes. */
export class Skipper {
  #left: number;

  constructor(count: number) {
    this.#left = count;
  }

  pass(data: Buffer): Buffer {
    const skipped = Math.min(this.#left, data.length);
    this.#left -= skipped;
    return data.subarray(skipped);
  }
}
