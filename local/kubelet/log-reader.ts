import { open, type FileHandle } from 'node:fs/promises';
import type { LogOptions, LogSink } from '../apiserver/kubelet-api.ts';
import { createDecoder, logTime } from './cri.ts';
import type { LogFile } from './log-file.ts';

const CHUNK = 64 * 1024;
const NEWLINE = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/** What the reader needs to know beside the file. */
export interface LogSource {
  log: LogFile;
  /** True once the container has ended and the node has noticed. */
  ended(): boolean;
  /** Called whenever `ended` may have changed. */
  onChange(listener: () => void): () => void;
}

/** Writes a container's log to the sink as `pods/log` serves it; returns at the end, the limit, or when the client left. */
export async function readLog(source: LogSource, options: LogOptions, sink: LogSink, now: () => number): Promise<void> {
  const { log } = source;
  await log.flushed();
  let generation = log.generation;
  let file: FileHandle;
  try {
    file = await open(log.path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await give(sink, Buffer.from(`failed to try resolving symlinks in path "${log.path}": no such file or directory`));
    return;
  }
  let left = options.limitBytes ?? Infinity;
  try {
    const since = sinceText(options, now());
    const decoder = createDecoder({
      ...(since === undefined ? {} : { since }),
      ...(options.timestamps === undefined ? {} : { timestamps: options.timestamps }),
    });
    let position = options.tailLines === undefined ? 0 : await tailStart(file, options.tailLines);
    // A client hears that there is a log before there is a byte of it; what is written from then on it will have.
    await give(sink, NOTHING);
    const buffer = Buffer.allocUnsafe(CHUNK);
    while (!sink.signal.aborted) {
      // Asked before the read: what was written before the end, or to the old file before its rotation, is then read first.
      const { changes, generation: current } = log;
      const ended = source.ended();
      const { bytesRead } = await file.read(buffer, 0, CHUNK, position);
      if (bytesRead > 0) {
        position += bytesRead;
        const text = decoder.push(buffer.subarray(0, bytesRead));
        const part = text.length > left ? text.subarray(0, left) : text;
        left -= part.length;
        if (part.length > 0) await give(sink, part);
        if (left <= 0) return;
      } else if (current > generation && !log.removed) {
        // As on a real node: the reader goes on with the file that is live now; what was rotated in between is skipped.
        generation = log.generation;
        await file.close();
        file = await open(log.path, 'r');
        position = 0;
      } else if (!options.follow || ended || log.removed) {
        return;
      } else {
        await nextChange(source, sink.signal, () => log.changes === changes && !source.ended());
      }
    }
  } finally {
    await file.close();
  }
}

async function give(sink: LogSink, part: Buffer): Promise<void> {
  const taken = sink.write(part);
  if (typeof taken === 'boolean') return;
  const gone = new Promise<void>((resolve) => {
    sink.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([taken, gone]);
}

/** Waits for the file or the container to change; not at all if `idle` no longer holds. */
function nextChange(source: LogSource, signal: AbortSignal, idle: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = [source.log.onChange(done), source.onChange(done)];
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      for (const f of stop) f();
      signal.removeEventListener('abort', done);
      resolve();
    }
    if (signal.aborted || !idle()) done();
  });
}

/** `sinceTime` counts in whole seconds, inclusive. */
function sinceText(options: LogOptions, now: number): string | undefined {
  if (options.sinceSeconds !== undefined) return logTime(now - options.sinceSeconds * 1000);
  if (options.sinceTime === undefined) return undefined;
  return logTime(Math.floor(Date.parse(options.sinceTime) / 1000) * 1000);
}

/** The offset of the last `lines` lines of the file; parts of lines count as lines, as on a real node. */
async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  const buffer = Buffer.allocUnsafe(CHUNK);
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK);
    await file.read(buffer, 0, end - start, start);
    for (let at = end - start - 1; at >= 0; at--) {
      if (buffer[at] === NEWLINE && ++found > lines) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
