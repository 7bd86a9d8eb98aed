import { LIMITS } from '../../crds/index.ts';
import { invalid } from '../errors.ts';
import type { Summary } from './summary.ts';

/** A key as the annotation holds it: printable, of a length that a client may well choose. */
const KEY = /^[\x21-\x7e]{1,253}$/;

/** The `Idempotency-Key` of a request. Throws the 422 for one that is none. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  const msg = `Value error, a key has 1 to ${LIMITS.executionKey} printable ASCII characters without blanks`;
  throw invalid([{ type: 'value_error', loc: ['header', 'Idempotency-Key'], msg, input: header, ctx: { error: {} } }]);
}

/** Makes at most one call at a time for each key; the others get its answer. A call that fails is forgotten. */
export class SingleFlight {
  readonly #calls = new Map<string, Promise<Summary>>();

  async run(key: string, call: () => Promise<Summary>): Promise<Summary> {
    const known = this.#calls.get(key);
    if (known) return known;
    const made = call();
    this.#calls.set(key, made);
    try {
      return await made;
    } finally {
      this.#calls.delete(key);
    }
  }
}
