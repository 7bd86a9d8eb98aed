import { badRequest } from './errors.ts';

/** As deep as an object may be here; a real server goes to 10,000, which nobody needs. */
const MOST_DEPTH = 1000;

/** As many values as 3 MiB of JSON can hold; YAML's references can stand for more. */
const MOST_VALUES = 1_600_000;

/**
 * Refuses what cannot be walked through: nested without end, grown by YAML's references, or with a key that means
 * something to JavaScript. Throws 400.
 */
export function requireBounded(value: unknown): void {
  let level: unknown[] = [value];
  let values = 1;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) throw badRequest(`the object is nested more than ${MOST_DEPTH} levels deep`);
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      // a key that JavaScript takes for something else; nobody's object has it
      if (Object.hasOwn(each, '__proto__')) throw badRequest('the object has a key __proto__');
      const inner: unknown[] = Array.isArray(each) ? each : Object.values(each);
      values += inner.length;
      if (values > MOST_VALUES) throw badRequest(`the object has more than ${MOST_VALUES} values`);
      for (const one of inner) next.push(one);
    }
    level = next;
  }
}
