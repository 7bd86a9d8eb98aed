/** Asks a readiness endpoint until it says yes, again and again after that. */
export interface Probe {
  stop(): void;
}

const UNREADY_MS = 20;
const READY_MS = 2000;
const TIMEOUT_MS = 2000;

/** Calls `onChange` with each change of what `url` says: ready (2xx) or not. */
export function startProbe(url: string, onChange: (ready: boolean) => void): Probe {
  let stopped = false;
  let ready = false;
  let timer: NodeJS.Timeout | undefined;

  async function ask(): Promise<void> {
    const now = await isReady(url);
    if (stopped) return;
    if (now !== ready) onChange((ready = now));
    timer = setTimeout(() => void ask(), ready ? READY_MS : UNREADY_MS);
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
