import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, write } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createSplitter, logTime } from './cri.ts';

/** The streams of a container that are logged. */
export type StreamName = 'stdout' | 'stderr';

/** A container's log: one live file in the format of cri.ts, older ones beside it. */
export interface LogFile {
  readonly path: string;
  /** Counts rotations; a reader that sees it grow has to open the file again. */
  readonly generation: number;
  /** Counts what `onChange` tells of, so that a reader can see whether it missed some. */
  readonly changes: number;
  readonly removed: boolean;
  /** Bytes accepted that are not in the file yet. */
  backlog(): number;
  append(stream: StreamName, chunk: Buffer): void;
  /** Ends both streams: what is left of an unfinished line is written, and the file closed. */
  end(): Promise<void>;
  /** Resolves when all that was appended before this call is in the file. */
  flushed(): Promise<void>;
  /** Called after bytes have come into the file, after a rotation and after the removal. */
  onChange(listener: () => void): () => void;
  /** Starts a new file if this one has `maxSize` bytes; keeps `maxFiles` of them, the new one included. */
  rotate(maxSize: number, maxFiles: number): void;
  /** Deletes the folder with all files. Readers that have one open keep it. */
  remove(): void;
}

/** What a log needs of its surroundings. */
export interface LogPorts {
  /** Milliseconds since the epoch, with fractions. */
  now: () => number;
  /** A write failed (the disk is full); its lines are lost, as on a real node. */
  onError: (error: unknown) => void;
}

/** Opens (or goes on with) the log in `path`. */
export function openLogFile(path: string, { now, onError }: LogPorts): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let fd = openSync(path, 'a', 0o600);
  let size = fstatSync(fd).size;
  let generation = 0;
  let changes = 0;
  let removed = false;
  let closed = false;
  let ended = false;
  let writing = false;
  let queue: Buffer[] = [];
  let accepted = 0;
  let written = 0;
  let keepAtRotation: number | undefined;
  const listeners = new Set<() => void>();
  const splitters = { stdout: createSplitter('stdout'), stderr: createSplitter('stderr') };

  function changed(): void {
    changes++;
    for (const listener of [...listeners]) listener();
  }

  function put(lines: Buffer[]): void {
    if (ended || removed || lines.length === 0) return;
    for (const line of lines) {
      queue.push(line);
      accepted += line.length;
    }
    if (!writing) void drain();
  }

  async function drain(): Promise<void> {
    writing = true;
    while (queue.length > 0) {
      const batch = Buffer.concat(queue);
      queue = [];
      try {
        await writeAll(fd, batch);
      } catch (error) {
        onError(error);
      }
      size += batch.length;
      written += batch.length;
      if (keepAtRotation !== undefined) startNew(keepAtRotation);
      changed();
    }
    writing = false;
    if (ended || removed) close();
  }

  function close(): void {
    if (!closed) closeSync(fd);
    closed = true;
  }

  // Between two writes only, so that a file has whole lines.
  function startNew(maxFiles: number): void {
    keepAtRotation = undefined;
    if (removed) return;
    const folder = dirname(path);
    renameSync(path, `${path}.${logTime(now()).replaceAll(/\D/g, '')}`);
    closeSync(fd);
    fd = openSync(path, 'a', 0o600);
    size = 0;
    generation++;
    const old = readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.`));
    const surplus = Math.max(0, old.length - (maxFiles - 1));
    for (const name of old.sort().slice(0, surplus)) rmSync(join(folder, name));
  }

  function flushed(): Promise<void> {
    const target = accepted;
    return new Promise((resolve) => {
      function check(): void {
        if (written < target && !removed) return;
        listeners.delete(check);
        resolve();
      }
      listeners.add(check);
      check();
    });
  }

  return {
    path,
    get generation() {
      return generation;
    },
    get changes() {
      return changes;
    },
    get removed() {
      return removed;
    },
    backlog: () => accepted - written,
    append(stream, chunk) {
      put(splitters[stream].push(chunk, logTime(now())));
    },
    end() {
      for (const splitter of [splitters.stdout, splitters.stderr]) put(splitter.end(logTime(now())));
      ended = true;
      if (!writing) close();
      return flushed();
    },
    flushed,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    rotate(maxSize, maxFiles) {
      if (ended || removed || size < maxSize) return;
      if (writing) keepAtRotation = maxFiles;
      else {
        startNew(maxFiles);
        changed();
      }
    },
    remove() {
      if (removed) return;
      removed = true;
      rmSync(dirname(path), { recursive: true, force: true });
      if (!writing) close();
      changed();
    },
  };
}

async function writeAll(fd: number, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await new Promise<number>((resolve, reject) => {
      write(fd, data, at, data.length - at, null, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }
}
