/** The newest id that this process knows of, and who waits for a newer one. */
export class Newest {
  #value = 0;
  readonly #waiting = new Set<(value: number | undefined) => void>();

  get value(): number {
    return this.#value;
  }

  /** Whether anybody waits. */
  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  raise(id: number): void {
    if (id <= this.#value) return;
    this.#value = id;
    for (const wake of [...this.#waiting]) wake(id);
  }

  /** Resolves with the newest id once it is greater than `after`, or with undefined on abort. */
  async beyond(after: number, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined;
    if (this.#value > after) {
      // Never at once: a caller in a loop would keep everything else from running.
      await new Promise((resolve) => setImmediate(resolve));
      return this.#value;
    }
    return new Promise((resolve) => {
      const settle = (value: number | undefined): void => {
        if (value !== undefined && value <= after) return;
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', abort);
        resolve(value);
      };
      const abort = (): void => settle(undefined);
      this.#waiting.add(settle);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Nobody waits any longer. */
  release(): void {
    for (const wake of [...this.#waiting]) wake(undefined);
  }
}
