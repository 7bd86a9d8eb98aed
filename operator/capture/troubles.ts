/** What hinders a capture now: refused streams, a store that takes nothing. Each source has one at most; the gravest is shown. */
import type { Trouble } from '../decide/types.ts';

/** Gravest first: without the store nothing is kept, without an attach nothing can be said. */
const SOURCES = ['store', 'attach', 'log'] as const;
export type TroubleSource = (typeof SOURCES)[number];

export class Troubles {
  readonly #standing = new Map<TroubleSource, Trouble>();

  /** Takes note of a source's trouble, or of its end; true if what is shown may have changed. `now` in ms. */
  set(source: TroubleSource, trouble: Omit<Trouble, 'since'> | undefined, now: number): boolean {
    const before = this.#standing.get(source);
    if (before?.reason === trouble?.reason) return false;
    if (trouble) this.#standing.set(source, { ...trouble, since: now });
    else this.#standing.delete(source);
    return true;
  }

  get gravest(): Trouble | undefined {
    for (const source of SOURCES) {
      const trouble = this.#standing.get(source);
      if (trouble) return trouble;
    }
    return undefined;
  }
}
