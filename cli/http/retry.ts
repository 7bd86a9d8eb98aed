import { CliError } from '../errors.ts';
import type { Clock } from '../ports.ts';

const FIRST_MS = 100;
const LONGEST_MS = 5000;

/** Waiting times between tries to reach a server that is away for a while. */
export class Backoff {
  readonly #clock: Clock;
  #next = FIRST_MS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits, each time twice as long, up to 5 s. */
  async wait(signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(this.#next, signal);
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
  }

  reset(): void {
    this.#next = FIRST_MS;
  }
}

/** Whether the same request may succeed a little later: no answer, a server that is just starting or ending. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof CliError && (error.exit === 'unreachable' || error.exit === 'timeout' || error.exit === 'server')
  );
}

/** Whether no repetition will mend it: the API has answered, and answered no. A cut connection is no CliError. */
export function isLasting(error: unknown): boolean {
  return error instanceof CliError && !isPassing(error);
}

/** Runs a call, again and again while its failure may pass, until the signal fires or `patienceMs` are over. */
export async function persist<T>(
  clock: Clock,
  call: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; patienceMs: number; onFailure?: (error: CliError) => Promise<void> },
): Promise<T> {
  const backoff = new Backoff(clock);
  const end = clock.now() + options.patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CliError) || !isPassing(error)) throw error;
      if (options.signal?.aborted === true || clock.now() >= end) throw error;
      await options.onFailure?.(error);
      await backoff.wait(options.signal);
    }
  }
}
