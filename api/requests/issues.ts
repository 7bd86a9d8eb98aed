import { isObject, isRawNumber, numberOf } from '../json/raw.ts';

/** One thing wrong with a request, as FastAPI reports it in a 422's `detail`; clients show it or match on it. */
export interface Issue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** Collects what is wrong with the fields of one object; each reader returns null where it reported something. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #loc: readonly (string | number)[];
  readonly #issues: Issue[];

  constructor(object: Readonly<Record<string, unknown>>, loc: readonly (string | number)[], issues: Issue[]) {
    this.#object = object;
    this.#loc = loc;
    this.#issues = issues;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  report(name: string, type: string, msg: string, ctx?: Issue['ctx']): null {
    const issue = { type, loc: [...this.#loc, name], msg, input: this.get(name) };
    this.#issues.push(ctx ? { ...issue, ctx } : issue);
    return null;
  }

  /** Reports a rule that the object as a whole breaks. */
  valueError(message: string): null {
    const msg = `Value error, ${message}`;
    this.#issues.push({ type: 'value_error', loc: [...this.#loc], msg, input: this.#object, ctx: { error: {} } });
    return null;
  }

  /** Whether the field is there; reports it as missing if not. */
  require(name: string): boolean {
    if (this.get(name) !== undefined) return true;
    this.#issues.push({ type: 'missing', loc: [...this.#loc, name], msg: 'Field required', input: this.#object });
    return false;
  }

  string(name: string, max = Infinity): string | null {
    const value = this.get(name);
    if (typeof value !== 'string') return this.report(name, 'string_type', 'Input should be a valid string');
    // Characters, not UTF-16 units: only a text with surrogates can have fewer than its length says.
    if (value.length > max && Array.from(value).length > max) {
      const msg = `String should have at most ${max} characters`;
      return this.report(name, 'string_too_long', msg, { max_length: max });
    }
    return value;
  }

  /** pydantic's lax booleans: true, 1, "yes", "on" and so on. */
  boolean(name: string): boolean | null {
    const value = this.get(name);
    const number = numberOf(value);
    if (typeof value === 'boolean') return value;
    if (number !== undefined && !Number.isInteger(number)) {
      return this.report(name, 'bool_type', 'Input should be a valid boolean');
    }
    const word = typeof value === 'string' ? value.toLowerCase() : number === undefined ? undefined : String(number);
    if (word === undefined) return this.report(name, 'bool_type', 'Input should be a valid boolean');
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    return this.report(name, 'bool_parsing', 'Input should be a valid boolean, unable to interpret input');
  }

  list(name: string): unknown[] | null {
    const value = this.get(name);
    return Array.isArray(value) ? (value as unknown[]) : this.report(name, 'list_type', 'Input should be a valid list');
  }

  dict(name: string): Record<string, unknown> | null {
    const value = this.get(name);
    return isObject(value) ? value : this.report(name, 'dict_type', 'Input should be a valid dictionary');
  }

  /** The fields of an object within this one. */
  model(name: string): Fields | null {
    const value = this.get(name);
    if (!isObject(value)) return this.report(name, 'model_attributes_type', MODEL_TYPE);
    return new Fields(value, [...this.#loc, name], this.#issues);
  }
}

const TRUE = new Set(['1', 'true', 't', 'yes', 'y', 'on']);
const FALSE = new Set(['0', 'false', 'f', 'no', 'n', 'off']);

/** pydantic's words for "no object". */
export const MODEL_TYPE = 'Input should be a valid dictionary or object to extract fields from';

/** A value as Python's str() shows it, where one stands in a message. */
export function pythonText(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return value;
  return isRawNumber(value) ? value.rawJSON : JSON.stringify(value);
}
