/** The log format of container runtimes: `TIME STREAM TAG text`, TAG `F` for a full line and `P` for a part of one. */

/** Bytes of a line above which it is cut into parts. */
export const MAX_LINE = 16 * 1024;

const NEWLINE = 10;
const RETURN = 13;
const NOTHING: Buffer = Buffer.alloc(0);
const NEWLINE_BYTES = Buffer.from('\n');

/** A time as the log has it: RFC 3339 with nine digits, so that times sort as text. */
export function logTime(ms: number): string {
  const text = new Date(ms).toISOString();
  const nanos = Math.floor((ms % 1) * 1e6);
  return `${text.slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}

/** Turns the bytes of one stream into log lines; a line that is not ended is held, at most {@link MAX_LINE} of it. */
export interface LineSplitter {
  /** The encoded lines that this chunk completes. */
  push(chunk: Buffer, time: string): Buffer[];
  /** What is left at the end of the stream, as a part. */
  end(time: string): Buffer[];
}

/** A splitter for a container's `stdout` or `stderr`. */
export function createSplitter(stream: 'stdout' | 'stderr'): LineSplitter {
  let held = NOTHING;

  function encode(out: Buffer[], line: Buffer, tag: 'F' | 'P', time: string): void {
    out.push(Buffer.from(`${time} ${stream} ${tag} `), line, NEWLINE_BYTES);
  }
  // Cut only what exceeds the limit: a line of exactly the limit is whole.
  function cut(out: Buffer[], line: Buffer, time: string): Buffer {
    let rest = line;
    for (; rest.length > MAX_LINE; rest = rest.subarray(MAX_LINE)) {
      encode(out, rest.subarray(0, MAX_LINE), 'P', time);
    }
    return rest;
  }

  return {
    push(chunk, time) {
      const out: Buffer[] = [];
      const data = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
      let from = 0;
      for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, from)) {
        const end = data[at - 1] === RETURN && at > from ? at - 1 : at; // a runtime takes \r\n for the end of a line
        encode(out, cut(out, data.subarray(from, end), time), 'F', time);
        from = at + 1;
      }
      held = cut(out, data.subarray(from), time);
      return out;
    },
    end(time) {
      const out: Buffer[] = [];
      if (held.length > 0) encode(out, held, 'P', time);
      held = NOTHING;
      return out;
    },
  };
}

/** What a reader makes of the lines. */
export interface DecodeOptions {
  /** Lines before this time (as {@link logTime}) are left out. */
  since?: string;
  timestamps?: boolean;
}

/** Turns log lines back into what the container wrote. */
export interface LineDecoder {
  /** The text of the whole lines in the chunk; the rest is kept for the next. */
  push(chunk: Buffer): Buffer;
}

/** A decoder of a log file's bytes, read in order. */
export function createDecoder(options: DecodeOptions): LineDecoder {
  let rest = NOTHING;
  let insideLine = false;

  return {
    push(chunk) {
      const out: Buffer[] = [];
      const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let from = 0;
      for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, from)) {
        const timeEnd = data.indexOf(32, from);
        const streamEnd = data.indexOf(32, timeEnd + 1);
        const full = data[streamEnd + 1] === 70;
        const time = options.since !== undefined || options.timestamps ? data.toString('latin1', from, timeEnd) : '';
        if (options.since === undefined || time >= options.since) {
          if (options.timestamps && !insideLine) out.push(Buffer.from(`${time} `));
          out.push(data.subarray(streamEnd + 3, full ? at + 1 : at));
          insideLine = !full;
        }
        from = at + 1;
      }
      rest = Buffer.from(data.subarray(from)); // a copy: the caller may use its buffer again
      return Buffer.concat(out);
    },
  };
}
