import { usageError } from '../errors.ts';
import { record, type Value, type ValueMap } from '../values/value.ts';
import { FORMATS, isFormat, type Format } from './format.ts';
import type { Parsed } from './grammar.ts';
import { NotSendable } from './lexer.ts';
import { readValue } from './literal.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 0.001, s: 1, m: 60, h: 3600 };

/** The value of an argument of the script; the label names the argument in a usage error. */
export function scriptValue(text: string, label: string): Value {
  try {
    return readValue(text);
  } catch (error) {
    if (!(error instanceof NotSendable)) throw error;
    throw usageError(`${label}: ${error.message}; put it in quotes if it is meant as a text: '"${text}"'`);
  }
}

/** The script's arguments as the API takes them: `{"args": […], "kwargs": {…}}`. */
export function scriptArguments(parsed: Parsed): { args: Value[]; kwargs: ValueMap } {
  const args = parsed.scriptArgs.map((text, index) => scriptValue(text, `argument ${index + 1}`));
  const kwargs: ValueMap = new Map();
  for (const [name, text] of parsed.scriptKwargs) kwargs.set(name, scriptValue(text, `--${name}`));
  return { args, kwargs };
}

/** Arguments of a function as a JSON object. */
export function callArguments(args: Value[], kwargs: ValueMap): ValueMap {
  return record({ args, kwargs });
}

/** A text option. Quotes as of a Python string are taken off; None is as if it had not been given. */
export function textOption(parsed: Parsed, name: string): string | undefined {
  const text = parsed.options.get(name);
  if (text === undefined || text === 'None') return undefined;
  if (!/^['"]/.test(text)) return text;
  const value = scriptValue(text, `--${name}`);
  return typeof value === 'string' ? value : text;
}

/** A True/False option. */
export function flagOption(parsed: Parsed, name: string, standard: boolean): boolean {
  const text = parsed.options.get(name);
  if (text === undefined) return standard;
  if (/^(?:true|1|yes)$/i.test(text)) return true;
  if (/^(?:false|0|no|none)$/i.test(text)) return false;
  throw usageError(`--${name} takes True or False, not '${text}'`);
}

/** The id of a procedure or activity: `7`, or `procedure/7` as -o name prints it. */
export function readId(text: string, label: string): number {
  const found = /^(?:(?:procedure|activity)\/)?(\d{1,15})$/.exec(text.trim());
  if (found?.[1] === undefined) throw usageError(`${label} takes the number of a procedure or activity, not '${text}'`);
  return Number(found[1]);
}

/** An id given as an option or as the word in the same place, or undefined. */
export function idOption(parsed: Parsed, name: string): number | undefined {
  const text = parsed.options.get(name) ?? parsed.positionals.get(name);
  return text === undefined || text === 'None' ? undefined : readId(text, `--${name}`);
}

/** A duration in seconds: `30`, `30s`, `1.5m`, `1h`. Gives milliseconds. */
export function durationOption(parsed: Parsed, name: string): number | undefined {
  const text = parsed.options.get(name);
  if (text === undefined) return undefined;
  const found = /^(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)?$/.exec(text);
  const unit = UNITS[found?.[2] ?? ''];
  if (found?.[1] === undefined || unit === undefined) {
    throw usageError(`--${name} takes a duration such as 30, 30s, 5m or 1h, not '${text}'`);
  }
  return Number(found[1]) * unit * 1000;
}

/** The form asked for with -o; `allowed` are those that make sense for the command. */
export function formatOption(parsed: Parsed, allowed: readonly Format[] = FORMATS): Format | undefined {
  const text = parsed.options.get('output');
  if (text === undefined) return undefined;
  if (!isFormat(text) || !allowed.includes(text)) throw usageError(`-o takes ${allowed.join(', ')}, not '${text}'`);
  return text;
}
