/**
 * At most one procedure per exclusivity key runs; others wait in the order in which they were started. Held from the
 * permit for main until the run is released, which is when its pod is gone: also by a procedure that was deleted.
 */
export class Exclusivity {
  readonly #holders = new Map<string, string>();
  readonly #waiters = new Map<string, string[]>();
  readonly #keys = new Map<string, string>();
  readonly #wake: (uid: string) => void;

  /** @param wake looks at a waiting procedure again. */
  constructor(wake: (uid: string) => void) {
    this.#wake = wake;
  }

  /** The uid of whoever keeps this one from running: the holder, or the first of those who wait longer. */
  heldBy(key: string, uid: string): string | undefined {
    const holder = this.#holders.get(key);
    if (holder !== undefined) return holder === uid ? undefined : holder;
    const first = this.#waiters.get(key)?.[0];
    return first === undefined || first === uid ? undefined : first;
  }

  /** Gets in line behind those who wait already. */
  wait(key: string, uid: string): void {
    const line = this.#waiters.get(key) ?? [];
    if (!line.includes(uid)) line.push(uid);
    this.#waiters.set(key, line);
    this.#keys.set(uid, key);
  }

  /** Takes the key, if nobody else has it. */
  take(key: string, uid: string): boolean {
    const holder = this.#holders.get(key);
    if (holder !== undefined && holder !== uid) return false;
    this.#holders.set(key, uid);
    this.#keys.set(uid, key);
    this.#leaveLine(key, uid);
    return true;
  }

  release(uid: string): void {
    const key = this.#keys.get(uid);
    if (key === undefined) return;
    this.#keys.delete(uid);
    this.#leaveLine(key, uid);
    if (this.#holders.get(key) === uid) this.#holders.delete(key);
    const next = this.#waiters.get(key)?.[0];
    if (next !== undefined && !this.#holders.has(key)) this.#wake(next);
  }

  #leaveLine(key: string, uid: string): void {
    const line = this.#waiters.get(key)?.filter((one) => one !== uid) ?? [];
    if (line.length > 0) this.#waiters.set(key, line);
    else this.#waiters.delete(key);
  }
}
