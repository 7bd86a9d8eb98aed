/** Asks a readiness endpoint again and again. */
export interface Probe {
  stop(): void;
}

const UNREADY_MS = 20;
const READY_MS = 500;
const TIMEOUT_MS = 2000;

/** Calls `tell` with each answer of `url`: ready (2xx) or not. A part that is not `wasReady` is asked more often. */
export function startProbe(url: string, wasReady: () => boolean, tell: (ready: boolean) => void): Probe {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function ask(): Promise<void> {
    const ready = await isReady(url);
    if (stopped) return;
    tell(ready);
    timer = setTimeout(() => void ask(), wasReady() ? READY_MS : UNREADY_MS);
  }
  void ask();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // nobody listens, or nobody answers: not ready
  }
}
