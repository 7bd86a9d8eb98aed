/** How the value of an option is read. */
type OptionKind = 'flag' | 'text' | 'id' | 'seconds' | 'format';

/** An option of a command. */
export interface OptionSpec {
  /** With underscores, as upstream writes them; hyphens work as well. */
  readonly name: string;
  readonly kind: OptionKind;
  /** One letter. */
  readonly short?: string;
  /** Known by its letter only: on commands whose other options belong to the script, the long name is the script's. */
  readonly shortOnly?: boolean;
  readonly help: string;
  /** What stands for the value in the help. */
  readonly metavar?: string;
  /** Shown in the help. */
  readonly standard?: string;
}

/** A positional argument of a command. */
interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
}

/** What a command accepts. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Shown below the usage in the command's own help. */
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly positionals: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /**
   * Whom arguments belong to that are none of the command's own: nobody (they are a usage error) or the script, to which
   * all further words and options go.
   */
  readonly rest?: 'script';
  /** Own options have to stand before the first word, as everything after it is the script's (but for `anywhere`). */
  readonly optionsFirst?: boolean;
  /** With optionsFirst: options that are the command's own wherever they stand. */
  readonly anywhere?: readonly string[];
}

/** The server's address, which every command takes. */
export const SERVER_OPTION: OptionSpec = {
  name: 'server_url',
  kind: 'text',
  metavar: 'URL',
  help: 'the API, up to and including /api/v7 (or OET_URL)',
};

/** -o for commands that print data. */
export const FORMAT_OPTION: OptionSpec = {
  name: 'output',
  short: 'o',
  kind: 'format',
  metavar: 'FORMAT',
  help: 'json, yaml, wide or name',
};

/** An option as help and messages write it. */
export function longFlag({ name }: OptionSpec): string {
  return `--${name === SERVER_OPTION.name ? 'server-url' : name}`;
}
