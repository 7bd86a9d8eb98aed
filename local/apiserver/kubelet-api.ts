/**
 * The seam between the embedded API server and the embedded kubelet: what the server asks the node for when a client
 * reads a pod's log or attaches to it. Types only, so that either side is tested without the other.
 */

/** Query parameters of `GET …/pods/NAME/log`, parsed; absent means not given. */
export interface LogOptions {
  container?: string;
  follow: boolean;
  /** RFC 3339, whole seconds count, inclusive. */
  sinceTime?: string;
  sinceSeconds?: number;
  tailLines?: number;
  limitBytes?: number;
  previous?: boolean;
  timestamps?: boolean;
}

/** Where a log goes. */
export interface LogSink {
  /** False or a promise: the client is slow; wait for the promise (or go on, the server then buffers). */
  write(chunk: Buffer): boolean | Promise<void>;
  /** Aborted when the client is gone. */
  signal: AbortSignal;
}

/** Query parameters of `…/pods/NAME/attach`. */
export interface AttachOptions {
  container?: string;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** One attachment after its WebSocket opened; the kubelet owns the meaning of the channels (0 stdin … 3 error, 4 resize). */
export interface AttachChannel {
  send(channel: number, data: Buffer): void;
  onData(listener: (channel: number, data: Buffer) => void): void;
  close(code: number): void;
  onClose(listener: () => void): void;
  /** Bytes given to `send` that the client's socket has not taken yet. */
  bufferedAmount(): number;
  /** Stop and resume reading from the client; what it sends meanwhile stays in its socket. */
  pause(): void;
  resume(): void;
}

/** An HTTP refusal: `code` is the HTTP status, `message` the Status message. */
export interface Refusal {
  code: number;
  message: string;
}

/** What a node does for the API server. */
export interface KubeletApi {
  /** pods/log: writes the body itself. Errors before the first byte are returned; later ones are text inside the 200, as on a real node. */
  logs(namespace: string, pod: string, options: LogOptions, sink: LogSink): Promise<{ error?: Refusal }>;
  /** pods/attach: called once the WebSocket is up with v5.channel.k8s.io or v4.channel.k8s.io. */
  attach(namespace: string, pod: string, options: AttachOptions, channel: AttachChannel): Promise<void>;
  /** The refusal to answer in place of the upgrade, e.g. 400 for a pod without a node. */
  attachPrecheck(namespace: string, pod: string, options: AttachOptions): Refusal | undefined;
  /** SIGKILL to all of a pod's containers: what a test asks for. */
  kill?(namespace: string, pod: string): void;
}
