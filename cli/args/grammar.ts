import { usageError } from '../errors.ts';
import { isFormat } from './format.ts';
import { longFlag, SERVER_OPTION, type CommandSpec, type OptionSpec } from './spec.ts';

/** A command line, cut up. Values are the words as they were typed. */
export interface Parsed {
  readonly options: ReadonlyMap<string, string>;
  readonly positionals: ReadonlyMap<string, string>;
  /** The script's positional arguments. */
  readonly scriptArgs: readonly string[];
  /** The script's keyword arguments, in the order in which each was first named. */
  readonly scriptKwargs: ReadonlyMap<string, string>;
}

const BOOLEAN = /^(?:true|false)$/i;
/** Beside scripts' arguments, as upstream reads them, numbers are values of flags, too. */
const TRUTH = /^(?:true|false|none|0|1)$/i;

/** Whether a word is an option: `-x`, `-x=3`, `--name`; not `-5` and not `-`. */
export function isOption(word: string): boolean {
  return word.startsWith('--') || /^-[a-zA-Z]/.test(word);
}

/**
 * Cuts up what follows a command's name, by upstream's rules: `--a=b`, `--a b`, `-x=3` and `-x 3` give a value, an option
 * before another one or at the end is True, `--noflag` there sets `flag` to False, `--my-arg` is `my_arg`; the last of
 * several wins. After `--` all words are positional. Throws a usage error that names the word at fault.
 */
export function parseArguments(spec: CommandSpec, words: readonly string[]): Parsed {
  const known = [...spec.options, SERVER_OPTION];
  const options = new Map<string, string>();
  const positionals = new Map<string, string>();
  const scriptArgs: string[] = [];
  const scriptKwargs = new Map<string, string>();
  let plain = false;

  function addWord(word: string): void {
    const slot = spec.positionals.find(({ name }) => !positionals.has(name));
    if (slot !== undefined) positionals.set(slot.name, word);
    else if (spec.rest === 'script') scriptArgs.push(word);
    else throw usageError(`unexpected argument '${word}'`);
  }

  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (plain || !isOption(word)) {
      addWord(word);
      continue;
    }
    if (word === '--') {
      plain = true;
      continue;
    }
    const equals = word.indexOf('=');
    const key = word
      .slice(0, equals === -1 ? undefined : equals)
      .replace(/^-+/, '')
      .replaceAll('-', '_');
    if (key === '') throw usageError(`'${word}' names no option`);
    const given = equals === -1 ? undefined : word.slice(equals + 1);
    const next = words[at + 1];
    const following = next === undefined || isOption(next) ? undefined : next;

    const own = ownOption(known, spec, key, word, given ?? following, positionals.size > 0);
    if (own === undefined && spec.positionals.some(({ name }) => name === key)) {
      const value = given ?? following;
      if (value === undefined) throw usageError(`--${key} needs a value`);
      positionals.set(key, value);
      if (given === undefined) at += 1;
    } else if (own === undefined) {
      if (spec.rest !== 'script') throw usageError(unknownOption(known, word));
      if (given === undefined && following !== undefined) at += 1;
      const [name, value] =
        given === undefined && following === undefined ? bare(key) : [key, given ?? following ?? ''];
      scriptKwargs.set(name, value);
    } else if (given !== undefined) {
      options.set(own.option.name, own.negated ? invert(given) : given);
    } else if (own.option.kind === 'flag') {
      // A flag takes the next word only if that can be its value: `-f 7` leaves the 7 alone.
      const truth = spec.rest === 'script' && spec.optionsFirst !== true ? TRUTH : BOOLEAN;
      const value = following !== undefined && truth.test(following) && !own.negated ? following : 'True';
      if (value === following) at += 1;
      options.set(own.option.name, own.negated ? 'False' : value);
    } else {
      if (following === undefined) throw usageError(`${longFlag(own.option)} needs a value`);
      at += 1;
      options.set(own.option.name, following);
    }
  }
  const missing = spec.positionals.find(({ name, optional }) => optional !== true && !positionals.has(name));
  if (missing !== undefined) throw usageError(`${missing.name.toUpperCase()} is missing`);
  return { options, positionals, scriptArgs, scriptKwargs };
}

/** An option without a value: True, or with `no` before its name False. */
function bare(key: string): [string, string] {
  return key.startsWith('no') && key.length > 2 ? [key.slice(2), 'False'] : [key, 'True'];
}

function invert(value: string): string {
  return /^false$/i.test(value) ? 'True' : 'False';
}

function ownOption(
  known: readonly OptionSpec[],
  spec: CommandSpec,
  key: string,
  word: string,
  value: string | undefined,
  afterFirstWord: boolean,
): { option: OptionSpec; negated: boolean } | undefined {
  const late = spec.optionsFirst === true && afterFirstWord;
  const usable = known.filter(
    ({ name }) => !late || spec.anywhere?.includes(name) === true || name === SERVER_OPTION.name,
  );
  const exact = usable.find(({ name, shortOnly }) => name === key && shortOnly !== true);
  if (exact !== undefined) return { option: exact, negated: false };
  const negated = usable.find(({ name, kind }) => kind === 'flag' && key === `no${name}`);
  if (negated !== undefined) return { option: negated, negated: true };
  if (key.length !== 1 || word.startsWith('--')) return undefined;
  const short = usable.filter((option) => option.short === key);
  // `-o=3` of a script is the script's; `-o json` is ours.
  if (spec.rest === 'script') {
    const option = short.find(({ kind }) => kind !== 'format' || (value !== undefined && isFormat(value)));
    return option === undefined ? undefined : { option, negated: false };
  }
  const candidates = short.length > 0 ? short : usable.filter(({ name }) => name.startsWith(key));
  const option = candidates[0];
  return option !== undefined && candidates.length === 1 ? { option, negated: false } : undefined;
}

function unknownOption(known: readonly OptionSpec[], word: string): string {
  const names = known.filter(({ shortOnly }) => shortOnly !== true).map(longFlag);
  return `unknown option '${word}'; this command has ${names.join(', ')}`;
}
