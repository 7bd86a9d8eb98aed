/**
 * What tests turn to make the node behave worse or sooner than it does by itself. Read at each use, so a change holds
 * from the next event on. The defaults are what was measured on a real node (Kubernetes 1.35, containerd 1.6).
 */
export interface KubeletKnobs {
  /** Milliseconds between two looks at the containers; Running, a log that opens or goes and a SIGTERM wait for one. */
  tickMs: number;
  /** Milliseconds after a container's start in which an attach still opens and loses its bytes. */
  attachLossMs: number;
  /** Mean of the milliseconds after which a lost attach is told so; the longest is ten times that. */
  attachFailureMs: number;
  /** Share of containers (0-1) whose tail of output, if much of it is not read yet at their exit, is lost. */
  loseTail: number;
  /** Bytes of a container's log file at which it is rotated; only the live file is served. */
  containerLogMaxSize: number;
  /** Log files kept per container, the live one included. */
  containerLogMaxFiles: number;
  /** Milliseconds between two looks at the sizes of the log files. */
  logRotationMs: number;
  /** Log follows at a time; further ones get the log so far and an error as text. */
  maxFollows: number;
  /** Bytes that an attached client may be behind before its container's output is held up. */
  attachBuffer: number;
  /** Images that cannot be pulled, beside those whose name has `does-not-exist` or `no-such-image` in it. */
  missingImages: string[];
  /** Milliseconds between two looks at a pod that waits for an image, a Secret or a ConfigMap. */
  retryMs: number;
  /** Milliseconds after which a container that ends again and again is started again, doubled each time. */
  restartBackoffMs: number;
  /** Random numbers in [0, 1). */
  random: () => number;
}

/** The measured behaviour; see {@link KubeletKnobs}. */
export function defaultKnobs(): KubeletKnobs {
  return {
    tickMs: 1000,
    attachLossMs: 0,
    attachFailureMs: 20,
    loseTail: 0.5,
    containerLogMaxSize: 10 * 1024 * 1024,
    containerLogMaxFiles: 5,
    logRotationMs: 10_000,
    maxFollows: Infinity,
    attachBuffer: 1024 * 1024,
    missingImages: [],
    retryMs: 10_000,
    restartBackoffMs: 10_000,
    random: Math.random,
  };
}
