import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What to run as a container's first process. */
export interface ContainerRequest {
  /** The container's id, unique for ever. */
  name: string;
  /** Given back by `list`, for a kubelet that comes back. */
  labels: Record<string, string>;
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Whether stdin is a pipe; /dev/null otherwise. */
  stdin: boolean;
  /** Bytes of resident memory above which everything in the container is killed. */
  memory?: number;
}

/** What the runtime knows of a container; times are nanoseconds since the epoch. */
export interface ContainerRecord {
  name: string;
  labels: Record<string, string>;
  pid: number;
  started: number;
  /** Null while it runs; 128 + signal for a killed one, as from a real runtime. */
  code: number | null;
  finished: number | null;
  oom: boolean;
  /** Bytes of output that nobody had read when the first process ended. */
  unread: number;
}

/** A container that could not be started; the message reads like runc's. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The container runtime: a process of its own (runtime.py) that outlives this one, so that containers do too. */
export interface Runtime {
  create(request: ContainerRequest): Promise<ContainerRecord>;
  list(): Promise<ContainerRecord[]>;
  /** To the first process only. False when it is dropped, as the kernel drops a signal to a PID 1 without a handler. */
  signal(name: string, signal: number): Promise<boolean>;
  /** SIGKILL to everything in the container; `oom` is told in its record. */
  kill(name: string, oom?: boolean): Promise<void>;
  /** Closes the container's stdin. */
  eof(name: string): Promise<void>;
  /** Once its pipes are open here and it has ended: their readers then see the end of the output. */
  release(name: string): Promise<void>;
  /** Kills what is left and forgets the container. */
  remove(name: string): Promise<void>;
  /** The named pipe of stdin (0), stdout (1) or stderr (2). */
  pipe(name: string, number: 0 | 1 | 2): string;
  onExit(listener: (record: ContainerRecord) => void): void;
  /** Lets go of the runtime; its containers live on for `lingerSeconds`. */
  detach(): void;
  /** Kills all containers and the runtime. */
  shutdown(): Promise<void>;
}

/** Options of {@link openRuntime}. */
export interface RuntimeOptions {
  /** Where the pipes are; made if it is not there. */
  folder: string;
  /** The interpreter of the runtime itself. */
  python: string;
  /** Seconds without a kubelet after which the runtime kills its containers and ends. */
  lingerSeconds?: number;
  /** Called when the connection is lost unasked: the runtime was killed. */
  onLost?: (error: Error) => void;
}

interface Reply {
  id?: number;
  event?: string;
  error?: string;
}

const SCRIPT = fileURLToPath(new URL('runtime.py', import.meta.url));
const LONGEST_SOCKET_PATH = 100;
/** So many runtimes in a row that end before they answer are no chance. */
const MOST_OPENS = 5;
/** For one that hangs; one that fails is seen to end. */
const LONGEST_START_MS = 60_000;

/** Connects to the runtime of `folder`, starting it if it is not there. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const pods = join(options.folder, 'containers');
  mkdirSync(pods, { recursive: true, mode: 0o700 });
  const address = runtimeAddress(options.folder);
  for (let left = MOST_OPENS; ; left--) {
    const socket = await tryConnect(address).catch(() => startAndConnect(options, address, pods));
    let serves = false;
    const client = createClient(socket, pods, (error) => {
      if (serves) options.onLost?.(error);
    });
    try {
      await client.list(); // one that is just ending, or was just killed, still takes connections but answers none
      serves = true;
      return client;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** Where the runtime of a folder listens: a unix socket's path is limited to 107 bytes, so a deep folder gets one elsewhere. */
export function runtimeAddress(folder: string): string {
  const near = join(folder, 'runtime.sock');
  if (Buffer.byteLength(near) <= LONGEST_SOCKET_PATH) return near;
  const place = join(tmpdir(), `oet-local-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  return join(place, 'runtime.sock');
}

async function tryConnect(address: string): Promise<Socket> {
  const socket = connect(address);
  await once(socket, 'connect');
  return socket;
}

async function startAndConnect(options: RuntimeOptions, address: string, pods: string): Promise<Socket> {
  const args = ['-I', '-S', '-B', SCRIPT, address, pods, String(options.lingerSeconds ?? 30)];
  const child = spawn(options.python, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let failure = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (failure += text));
  let ended: string | undefined;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended ??= `exit ${String(code ?? signal)}`));
  for (const deadline = performance.now() + LONGEST_START_MS; performance.now() < deadline;) {
    try {
      const socket = await tryConnect(address);
      child.removeAllListeners();
      child.stderr.destroy();
      child.unref();
      return socket;
    } catch {
      if (ended !== undefined) throw new Error(`the container runtime did not start: ${ended} ${failure}`.trim());
      await sleep(3);
    }
  }
  child.kill('SIGKILL'); // else it might come after all, and end the containers of the next one as leftovers
  throw new Error(`the container runtime did not answer in ${LONGEST_START_MS / 1000} s ${failure}`.trim());
}

function createClient(socket: Socket, pods: string, onLost?: (error: Error) => void): Runtime {
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  const exits = new Set<(record: ContainerRecord) => void>();
  let last = 0;
  let rest = '';
  let leaving = false;

  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) receive(JSON.parse(line) as Reply);
  });
  socket.on('error', () => {
    socket.destroy(); // 'close' follows and tells everybody
  });
  socket.on('close', () => {
    const error = new Error('the container runtime is gone');
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (!leaving) onLost?.(error);
  });

  function receive(message: Reply): void {
    if (message.event === 'exit') for (const listener of exits) listener(message as unknown as ContainerRecord);
    if (message.id === undefined) return;
    const request = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) request?.resolve(message);
    else request?.reject(new StartError(message.error));
  }

  function ask<T>(request: Record<string, unknown>): Promise<T> {
    const id = ++last;
    return new Promise<Reply>((resolve, reject) => {
      if (socket.destroyed) {
        reject(new Error('the container runtime is gone'));
        return;
      }
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ ...request, id })}\n`);
    }).then((reply) => reply as T);
  }

  return {
    create: (request) => ask<ContainerRecord>({ do: 'create', ...request }),
    list: async () => (await ask<{ containers: ContainerRecord[] }>({ do: 'list' })).containers,
    signal: async (name, signal) => (await ask<{ delivered: boolean }>({ do: 'signal', name, signal })).delivered,
    kill: async (name, oom = false) => {
      await ask({ do: 'kill', name, oom });
    },
    eof: async (name) => {
      await ask({ do: 'eof', name });
    },
    release: async (name) => {
      await ask({ do: 'release', name });
    },
    remove: async (name) => {
      await ask({ do: 'remove', name });
    },
    pipe: (name, number) => join(pods, name, String(number)),
    onExit: (listener) => void exits.add(listener),
    detach: () => {
      leaving = true;
      socket.destroy();
    },
    shutdown: async () => {
      leaving = true;
      if (socket.destroyed) return;
      const closed = once(socket, 'close');
      void ask({ do: 'shutdown' }).catch(() => undefined); // the answer races the end, which is what counts
      await closed;
    },
  };
}
