import type { AttachChannel, AttachOptions } from '../apiserver/kubelet-api.ts';
import type { KubeletKnobs } from './knobs.ts';
import type { Runtime } from './runtime.ts';
import { openStdin, type OutputStreams } from './streams.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
/** v5: the client has ended the channel that the byte after names. */
const CLOSE = 255;
const NORMAL = 1000;
const LONGEST_FAILURE = 10;

/** A running container, as an attach needs it. */
export interface AttachTarget {
  /** The container's id in the runtime. */
  id: string;
  stdin: boolean;
  stdinOnce: boolean;
  output: OutputStreams;
}

/**
 * Serves one attachment. `find` is asked once: what it does not find (not started yet, or ended) is answered as a node
 * does it, by an attachment that opens, takes bytes, and then says that they are lost.
 */
export async function serveAttach(
  what: { pod: string; namespace: string; container: string },
  options: AttachOptions,
  channel: AttachChannel,
  ports: { runtime: Runtime; knobs: KubeletKnobs; find: () => AttachTarget | undefined },
): Promise<void> {
  const { runtime, knobs, find } = ports;
  // A real one opens with an empty message on the first channel that it may write to.
  channel.send(options.stdout ? STDOUT : options.stderr ? STDERR : ERROR, Buffer.alloc(0));
  if (!options.stdin && !options.stdout && !options.stderr) {
    fail(channel, 'you must specify at least 1 of stdin, stdout, stderr');
    return;
  }
  const target = find();
  if (!target) {
    const wait = Math.min(-Math.log(1 - knobs.random()), LONGEST_FAILURE) * knobs.attachFailureMs;
    await new Promise((resolve) => setTimeout(resolve, wait));
    fail(channel, `container ${what.container} not found in pod ${what.pod}_${what.namespace}`);
    return;
  }
  const leave = target.output.attach({ channel, stdout: options.stdout, stderr: options.stderr });
  if (options.stdin && target.stdin) passStdin(runtime, target, channel);
  const closed = new Promise<'closed'>((resolve) => {
    channel.onClose(() => resolve('closed'));
  });
  const onlyStdin = !options.stdout && !options.stderr;
  if (onlyStdin && !target.stdin) {
    leave();
    succeed(channel);
    return;
  }
  // An attachment for stdin alone does not notice the container's end, on a real node neither.
  const outcome = await (onlyStdin ? closed : Promise.race([closed, target.output.ended]));
  leave();
  if (outcome !== 'closed') succeed(channel);
}

function passStdin(runtime: Runtime, target: AttachTarget, channel: AttachChannel): void {
  const opened = openStdin(runtime, target.id);
  if (!opened) return;
  const stdin = opened;
  stdin.onDrain(() => {
    channel.resume();
  });
  let over = false;
  function end(): void {
    if (over) return;
    over = true;
    stdin.end();
    if (target.stdinOnce) void runtime.eof(target.id).catch(() => undefined); // the runtime is gone, and stdin with it
  }
  channel.onData((number, data) => {
    if (number === CLOSE && data[0] === STDIN) end();
    else if (number === STDIN && data.length > 0 && !over && !stdin.write(data)) channel.pause();
  });
  channel.onClose(end);
}

function succeed(channel: AttachChannel): void {
  finish(channel, { metadata: {}, status: 'Success' });
}

function fail(channel: AttachChannel, reason: string): void {
  const message = `unable to upgrade connection: ${reason}`;
  finish(channel, {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  });
}

function finish(channel: AttachChannel, status: object): void {
  channel.send(ERROR, Buffer.from(JSON.stringify(status)));
  channel.close(NORMAL);
}
