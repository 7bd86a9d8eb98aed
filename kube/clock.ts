/** A timer that can be called off. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as a port: everything here that waits or measures takes one, so that tests own the time. */
export interface Clock {
  /** Wall clock in ms since 1970: for stamps, never for measuring. */
  now(): number;
  /** ms since some fixed moment, never set back: for deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or as soon as the signal aborts (look at `signal.aborted`); never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once, after `ms` of any length. */
  setTimeout(callback: () => void, ms: number): Timer;
}

/** The longest delay that Node's own timer takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

function after(callback: () => void, ms: number): Timer {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    const part = Math.min(left, LONGEST_MS);
    timer = setTimeout(() => (left > part ? arm(left - part) : callback()), part);
  };
  arm(Math.max(0, ms));
  return { cancel: () => clearTimeout(timer) };
}

/** `sleep` in terms of a clock's own timer; what every Clock uses. */
export function sleepWith(clock: Pick<Clock, 'setTimeout'>, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleepWith(systemClock, ms, signal),
  setTimeout: after,
};

/** RFC 3339 with microseconds, the only form of time that leases and events take; `ms` since 1970, fractions count. */
export function microTime(ms: number): string {
  const micros = Math.round(ms * 1000);
  const whole = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  return `${whole}${String(micros % 1000).padStart(3, '0')}Z`;
}
