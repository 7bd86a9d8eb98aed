/**
 * A float with the text it came from. JavaScript cannot tell 1.0 from 1, Python does, so every number of a script's
 * arguments is either a bigint or one of these.
 */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** JSON data without loss: integers of any size, floats that stay floats, objects in the order they were written. */
export type Value = null | boolean | string | bigint | Float | Value[] | ValueMap;

/** An object of JSON, or a dict of Python. A Map, because JavaScript objects put keys like "2" and "10" first. */
export type ValueMap = Map<string, Value>;

/** The member of an object, or undefined where the value is no object or has no such member. */
export function member(value: Value | undefined, key: string): Value | undefined {
  return value instanceof Map ? value.get(key) : undefined;
}

/** The text in a value, or undefined. */
export function asText(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The number in a value, or undefined. */
export function asNumber(value: Value | undefined): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** An object from its members; members that are undefined are left out. */
export function record(members: Readonly<Record<string, Value | undefined>>): ValueMap {
  const map: ValueMap = new Map();
  for (const [key, value] of Object.entries(members)) if (value !== undefined) map.set(key, value);
  return map;
}
