import { closeSync, mkdirSync, openSync, readFileSync, readSync, fstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kubeTime } from '../apiserver/objects.ts';
import type { AttachTarget } from './attach.ts';
import { createDecoder } from './cri.ts';
import { checkUser, ConfigError, containerArgv, containerEnv } from './env.ts';
import { imageProblem } from './images.ts';
import { openLogFile, type LogFile } from './log-file.ts';
import { newContainerId, type Node } from './node.ts';
import type { ContainerSpec, ContainerState, Pod } from './pod.ts';
import { parseQuantity } from './quantity.ts';
import { StartError, type ContainerRecord } from './runtime.ts';
import { openOutput, type OutputStreams } from './streams.ts';

const MAX_MESSAGE = 4096;
const FALLBACK_MESSAGE = 2048;
const FALLBACK_LINES = 80;
/** What a runtime may lose is what does not fit into its own buffers. */
const TAIL_AT_RISK = 16 * 1024;
const NEVER = '1970-01-01T00:00:00Z';

/** One container of a pod on this node, through all its restarts. `state` is what is; what the API is told comes later. */
export interface Container {
  readonly spec: ContainerSpec;
  readonly state: ContainerState;
  /** The state of the run before this one. */
  readonly lastState: ContainerState;
  readonly restarts: number;
  /** A start is under way; until it is through, `state` is that of the run before. */
  readonly starting: boolean;
  /** `local://<64 digits>`; undefined until one was created. */
  readonly containerID: string | undefined;
  readonly log: LogFile | undefined;
  readonly previousLog: LogFile | undefined;
  /** When its process ended, in milliseconds. */
  readonly endedAt: number | undefined;
  /** Makes and starts it; a later call starts it again, one while it is `starting` does nothing. Never rejects: the state tells what went wrong. */
  start(): Promise<void>;
  /** Goes on with what an earlier kubelet started; `record` is undefined if the runtime does not know it any more. */
  adopt(
    record: ContainerRecord | undefined,
    known: { containerID: string; restarts: number; state: ContainerState },
  ): void;
  /** The runtime was killed, and knows nothing of it any more. */
  lose(): void;
  /** The runtime tells of its end. */
  onExit(record: ContainerRecord): void;
  signal(signal: number): Promise<void>;
  kill(oom?: boolean): Promise<void>;
  /** What an attach reaches; undefined while it does not run. */
  target(): AttachTarget | undefined;
  /** Removes the container and its logs. */
  remove(): Promise<void>;
  /** Stops reading its output; it lives on. Resolves when all that was read is in the log. */
  detach(): Promise<void>;
}

/** A container that is not started yet. `changed` is called whenever its state is another. */
export function createContainer(node: Node, pod: Pod, spec: ContainerSpec, changed: () => void): Container {
  const folder = join(node.folder, pod.metadata.uid ?? '', spec.name);
  let state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  let lastState: ContainerState = {};
  let restarts = 0;
  let attempts = 0;
  let id: string | undefined;
  let log: LogFile | undefined;
  let previousLog: LogFile | undefined;
  let output: OutputStreams | undefined;
  let startedAt = 0;
  let endedAt: number | undefined;
  let exit: ContainerRecord | undefined;
  let starting = false;

  function become(next: ContainerState): void {
    state = next;
    changed();
  }
  const logPath = (run: number): string => join(folder, 'log', `${run}.log`);
  const messagePath = (): string => join(folder, 'termination-log');

  async function start(): Promise<void> {
    if (starting) return;
    starting = true;
    try {
      await attempt();
    } finally {
      starting = false;
    }
  }

  async function attempt(): Promise<void> {
    const problem = imageProblem(spec, node.knobs, attempts++);
    if (problem) {
      become(problem);
      node.event(pod, 'Warning', 'Failed', `Error: ${problem.waiting?.reason ?? ''}`, spec.name);
      return;
    }
    const pulled = `Container image "${spec.image}" already present on machine and can be accessed by the pod`;
    node.event(pod, 'Normal', 'Pulled', pulled, spec.name);
    try {
      await run();
    } catch (error) {
      if (error instanceof ConfigError) become({ waiting: { reason: error.name, message: error.message } });
      else if (error instanceof StartError) failedToStart(error);
      else {
        void log?.end();
        become({ waiting: { reason: 'CreateContainerError', message: String(error) } });
      }
      const why = state.waiting?.message ?? state.terminated?.message ?? '';
      node.event(pod, 'Warning', 'Failed', `Error: ${why}`, spec.name);
    }
  }

  async function run(): Promise<void> {
    checkUser(pod, spec);
    const facts = { nodeName: node.name, hostIP: node.address, podIP: node.address };
    const own = containerEnv(pod, spec, node.lookup, facts);
    const env = { ...baseEnv(), ...own };
    const argv = containerArgv(spec, env);
    if (argv[0] === 'python3' || argv[0] === 'python') argv[0] = node.python;
    if (state.terminated) {
      lastState = state;
      restarts++;
      previousLog = log;
    }
    const memory = spec.resources?.limits?.['memory'];
    id = newContainerId();
    exit = endedAt = output = undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(messagePath(), 'w', 0o600));
    log = openLogFile(logPath(restarts), node);
    await node.runtime.create({
      name: id,
      labels: { uid: pod.metadata.uid ?? '', container: spec.name, restarts: String(restarts) },
      argv,
      env,
      cwd: spec.workingDir ?? join(folder, 'work'),
      stdin: spec.stdin ?? false,
      ...(memory === undefined ? {} : { memory: parseQuantity(memory) }),
    });
    startedAt = node.now();
    output = openOutput(node.runtime, id, log, node.knobs);
    node.event(pod, 'Normal', 'Created', 'Container created', spec.name);
    node.event(pod, 'Normal', 'Started', 'Container started', spec.name);
    become({ running: { startedAt: kubeTime(startedAt) } });
    finishEarly();
  }

  /** The end may be told before the start has gone on here. */
  function finishEarly(): void {
    if (exit) finish(exit);
  }

  function baseEnv(): Record<string, string> {
    return {
      PATH: `${dirname(node.python)}:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
      HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
      HOME: join(folder, 'work'),
      LANG: 'C.UTF-8',
      OET_TERMINATION_LOG: messagePath(),
    };
  }

  function failedToStart(error: StartError): void {
    const why = `exec: "${spec.command?.[0] ?? ''}": ${error.message}`;
    const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`;
    endedAt = node.now();
    void log?.end();
    become({
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message,
        startedAt: NEVER,
        finishedAt: kubeTime(endedAt),
        ...(id === undefined ? {} : { containerID: `local://${id}` }),
      },
    });
    id = undefined;
  }

  function finish(record: ContainerRecord): void {
    if (endedAt !== undefined) return;
    endedAt = node.now();
    const unread = record.unread + (output?.held() ?? 0);
    if (unread > TAIL_AT_RISK && node.knobs.random() < node.knobs.loseTail) output?.discard();
    output?.finish();
    void node.runtime.release(record.name).catch(() => undefined); // without a runtime the pipes end by themselves
    // The end is told only once the output is whole, as by a runtime that lost nothing.
    void (output?.ended ?? Promise.resolve()).then(() => {
      become({ terminated: endOf(record) });
    });
  }

  function endOf(record: ContainerRecord): NonNullable<ContainerState['terminated']> {
    const code = record.code ?? 137;
    let message = head(messagePath());
    if (message === '' && code !== 0 && log && spec.terminationMessagePolicy === 'FallbackToLogsOnError') {
      message = lastLines(log.path);
    }
    return {
      exitCode: code,
      reason: record.oom ? 'OOMKilled' : code === 0 ? 'Completed' : 'Error',
      ...(message === '' ? {} : { message }),
      startedAt: kubeTime(record.started / 1e6),
      finishedAt: kubeTime((record.finished ?? node.now() * 1e6) / 1e6),
      containerID: `local://${record.name}`,
    };
  }

  function disappear(containerID: string): void {
    endedAt = node.now();
    become({
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was terminated',
        startedAt: null,
        finishedAt: kubeTime(endedAt),
        containerID,
      },
    });
  }

  return {
    spec,
    get state() {
      return state;
    },
    get lastState() {
      return lastState;
    },
    get starting() {
      return starting;
    },
    get restarts() {
      return restarts;
    },
    get containerID() {
      const known = state.terminated?.containerID;
      return known ?? (id === undefined ? undefined : `local://${id}`);
    },
    get log() {
      return log;
    },
    get previousLog() {
      return previousLog;
    },
    get endedAt() {
      return endedAt;
    },
    start,
    adopt(record, known) {
      restarts = known.restarts;
      log = openLogFile(logPath(restarts), node);
      if (restarts > 0) {
        previousLog = openLogFile(logPath(restarts - 1), node);
        void previousLog.end();
      }
      state = known.state;
      if (record) {
        id = record.name;
        startedAt = record.started / 1e6;
        output = openOutput(node.runtime, id, log, node.knobs);
        if (record.code !== null) finish(record);
        else if (!state.running) become({ running: { startedAt: kubeTime(startedAt) } });
        return;
      }
      void log.end();
      if (state.terminated) endedAt = node.now();
      else disappear(known.containerID);
    },
    lose() {
      if (id === undefined || !state.running || endedAt !== undefined) return; // a start that is under way fails by itself
      output?.discard();
      disappear(`local://${id}`);
    },
    onExit(record) {
      if (record.name !== id) return;
      exit = record;
      if (output) finish(record);
    },
    async signal(signal) {
      if (id !== undefined && !state.terminated) await node.runtime.signal(id, signal);
    },
    async kill(oom) {
      if (id !== undefined && !state.terminated) await node.runtime.kill(id, oom);
    },
    target() {
      if (id === undefined || !output || !state.running || endedAt !== undefined) return undefined;
      if (node.now() < startedAt + node.knobs.attachLossMs) return undefined;
      return { id, stdin: spec.stdin ?? false, stdinOnce: spec.stdinOnce ?? false, output };
    },
    async remove() {
      if (id !== undefined) await node.runtime.remove(id);
      log?.remove();
      previousLog?.remove();
    },
    async detach() {
      output?.detach();
      await log?.end();
    },
  };
}

/** The first 4096 bytes of the termination log; empty if the process took it away. */
function head(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const buffer = Buffer.alloc(Math.min(fstatSync(fd).size, MAX_MESSAGE));
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } finally {
    closeSync(fd);
  }
}

/** The end of the log that stands in for a termination message: 80 lines, 2048 bytes. */
function lastLines(path: string): string {
  const text = createDecoder({}).push(readFileSync(path)).toString('utf8');
  return text
    .split('\n')
    .slice(-FALLBACK_LINES - 1)
    .join('\n')
    .slice(-FALLBACK_MESSAGE);
}
