import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { AttachChannel } from '../apiserver/kubelet-api.ts';
import type { KubeletKnobs } from './knobs.ts';
import type { LogFile, StreamName } from './log-file.ts';
import type { Runtime } from './runtime.ts';

/** Bytes of a container's output that may wait for the disk before its stream is held up. */
const MAX_BACKLOG = 4 * 1024 * 1024;
/** Bytes of one write into stdin; those of two attaches take turns in pieces of this size or smaller. */
const STDIN_PIECE = 32 * 1024;
const RECHECK_MS = 5;

/** One client that sees a container's output. */
interface Listener {
  channel: AttachChannel;
  stdout: boolean;
  stderr: boolean;
}

/**
 * The output of a running container: read from its two pipes into the log and to whoever is attached. One slow
 * attached client, or a slow disk, stops the reading and with it, once the pipe is full, the container itself.
 */
export interface OutputStreams {
  /** Sends all output from now on; the result ends that. */
  attach(listener: Listener): () => void;
  /** Both streams are at their end, and all of it is in the log. */
  readonly ended: Promise<void>;
  /** The container has ended: what is left in the pipes is read whoever is slow. */
  finish(): void;
  /** Bytes read from the pipes that went nowhere yet. */
  held(): number;
  /** Drops what is not read yet, as a runtime does that loses the tail of a container's output. */
  discard(): void;
  /** Stops reading without an end, with what was read in the log: the kubelet goes, the container stays. */
  detach(): void;
}

/** Starts reading the output of the container `name`. */
export function openOutput(runtime: Runtime, name: string, log: LogFile, knobs: KubeletKnobs): OutputStreams {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let finishing = false;

  function behind(): boolean {
    if (finishing) return false;
    if (log.backlog() > MAX_BACKLOG) return true;
    for (const { channel } of listeners) if (channel.bufferedAmount() > knobs.attachBuffer) return true;
    return false;
  }
  function recheck(): void {
    timer = undefined;
    if (behind()) hold();
    else for (const socket of sockets) socket.resume();
  }
  // A timer and not an event: a channel does not tell when its buffer has drained.
  function hold(): void {
    for (const socket of sockets) socket.pause();
    timer ??= setTimeout(recheck, RECHECK_MS);
  }

  function openOne(number: 1 | 2, stream: StreamName): { socket: Socket; ended: Promise<void> } {
    const fd = openSync(runtime.pipe(name, number), constants.O_RDONLY | constants.O_NONBLOCK);
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on('data', (chunk: Buffer) => {
      log.append(stream, chunk);
      for (const listener of listeners) if (listener[stream]) listener.channel.send(number, chunk);
      if (behind()) hold();
    });
    const ended = new Promise<void>((resolve) => {
      socket.on('error', () => socket.destroy()); // 'close' follows; a pipe has no error that a reader could mend
      socket.on('close', () => resolve());
    });
    return { socket, ended };
  }

  const streams = [openOne(1, 'stdout'), openOne(2, 'stderr')];
  const sockets = streams.map(({ socket }) => socket);
  function close(): void {
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
  }

  return {
    attach(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ended: Promise.all(streams.map(({ ended }) => ended)).then(() => {
      clearTimeout(timer);
      return log.end();
    }),
    finish() {
      finishing = true;
      for (const socket of sockets) socket.resume();
    },
    held: () => sockets.reduce((sum, socket) => sum + socket.readableLength, 0),
    discard: close,
    detach() {
      listeners.clear();
      for (const socket of sockets) socket.read(); // what waited for a slow client
      close();
    },
  };
}

/** One attachment's way into a container's stdin. */
export interface StdinWriter {
  /** Takes the bytes; false when the client had better wait for `onDrain`. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  /** No more will come; what was taken is still delivered. */
  end(): void;
}

/** Opens the stdin of the container `name`. Undefined if the container is gone. */
export function openStdin(runtime: Runtime, name: string): StdinWriter | undefined {
  let fd: number;
  try {
    fd = openSync(runtime.pipe(name, 0), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // its folder went with it, or nothing holds the read side any more
  }
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => socket.destroy()); // the container ended; an attach tells nothing of that on stdin
  return {
    write(data) {
      let more = true;
      for (let at = 0; at < data.length; at += STDIN_PIECE) more = socket.write(data.subarray(at, at + STDIN_PIECE));
      return more;
    },
    onDrain: (listener) => void socket.on('drain', listener),
    end: () => void socket.end(),
  };
}
