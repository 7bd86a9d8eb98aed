import { wall } from './clock.ts';

/** Something that was seen, and when (wall(), ms). */
export interface Sighting<T> {
  readonly at: number;
  readonly item: T;
}

/** What came over a stream, each with the time it came at; kept, so that nothing is missed that came before it was asked for. */
export class Timeline<T> {
  readonly #seen: Sighting<T>[] = [];
  readonly #waiting = new Set<(sighting: Sighting<T>) => void>();

  push(item: T): void {
    const sighting = { at: wall(), item };
    this.#seen.push(sighting);
    for (const look of this.#waiting) look(sighting);
  }

  /** The first that matches, whether it came already or not. Rejects with what was waited for. */
  first(what: string, matches: (item: T) => boolean, withinMs = 60_000): Promise<Sighting<T>> {
    const known = this.#seen.find(({ item }) => matches(item));
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited ${withinMs} ms for ${what}`));
      }, withinMs);
      const look = (sighting: Sighting<T>): void => {
        if (!matches(sighting.item)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(sighting);
      };
      this.#waiting.add(look);
    });
  }

  /** Forgets what came so far. */
  clear(): void {
    this.#seen.length = 0;
  }
}
