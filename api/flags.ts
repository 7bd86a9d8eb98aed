import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a flag's value may stand, the first that has it wins; then the default in code. */
export interface FlagSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Texts of ska_oso_oet.ini, from the home folder and from the installation's root. */
  readonly files: readonly string[];
}

const TRUE = new Set(['1', 'yes', 'true', 'on']);
const FALSE = new Set(['0', 'no', 'false', 'off']);

/**
 * A feature flag by upstream's rule: the environment variable, then `ska_oso_oet.ini` in the home folder or the
 * installation's root (any section, the key in lower or upper case), then the default. Throws for a value that is no boolean.
 */
export function flag(name: string, fallback: boolean, { env, files }: FlagSources): boolean {
  const given = env[name] ?? files.map((text) => iniValue(text, name)).find((value) => value !== undefined);
  if (given === undefined || given === '') return fallback;
  const word = given.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new Error(`${name} is "${given}", not a boolean (true or false)`);
}

/** The real sources. Files that are not there have no say. */
export function flagSources(env: FlagSources['env'], root: string): FlagSources {
  const files = [homedir(), root]
    .map((folder) => textOf(join(folder, 'ska_oso_oet.ini')))
    .filter((text) => text !== '');
  return { env, files };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Python's ini files: `key = value` or `key: value`, comments from # or ; on. */
function iniValue(text: string, name: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#;[=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match?.[1]?.toLowerCase() === name.toLowerCase()) return match[2];
  }
  return undefined;
}
