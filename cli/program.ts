import { Command as Commander, CommanderError } from 'commander';
import { parseArguments } from './args/grammar.ts';
import { SERVER_OPTION, type CommandSpec, type OptionSpec } from './args/spec.ts';
import type { Command, Context } from './commands/command.ts';
import { COMMANDS, GROUPS } from './commands/index.ts';
import { CliError, messageOf } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { Client } from './http/client.ts';
import type { Ports } from './ports.ts';
import { whenAborted } from './signals.ts';
import { VERSION } from './version.ts';

/** Where the API is unless told otherwise: the service of the chart, seen from within its namespace. */
const DEFAULT_URL = 'http://ska-oso-oet-rest:5000/ska-oso-oet/oet/api/v7';

/** A command found on the command line, and the words that are its own. */
interface Call {
  readonly command: Command;
  readonly words: readonly string[];
}

/**
 * Runs one command line (without `node` and the program) and gives the exit code. Errors are told on stderr in one message,
 * never as a stack trace of ours.
 */
export async function main(argv: readonly string[], ports: Ports): Promise<number> {
  try {
    const found = await find(argv, ports);
    if (typeof found === 'number') return found;
    const running = found.command.run(contextOf(found, ports));
    const result = await (found.command.ownsInterrupt === true
      ? running
      : Promise.race([running, interruption(ports)]));
    return typeof result === 'number' ? result : EXIT_CODES[result].code;
  } catch (error) {
    if (ports.interrupted.aborted) return EXIT_CODES.interrupted.code;
    await ports.stderr.write(`oet: ${messageOf(error)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT_CODES.server.code;
  }
}

async function interruption(ports: Ports): Promise<'interrupted'> {
  await whenAborted(ports.interrupted);
  return 'interrupted';
}

function contextOf({ command, words }: Call, ports: Ports): Context {
  const parsed = parseArguments(command.spec, words);
  let client: Promise<Client> | undefined;
  return {
    ports,
    parsed,
    client: () => {
      const url = parsed.options.get(SERVER_OPTION.name) ?? (ports.env['OET_URL'] || DEFAULT_URL);
      client ??= ports.connect(url, ports.env['OET_TOKEN'] || undefined).then((transport) => new Client(transport));
      return client;
    },
  };
}

/** Finds the command; help, the version and mistakes in the command's name are dealt with here and give an exit code. */
async function find(argv: readonly string[], ports: Ports): Promise<Call | number> {
  const { shielded, words } = shield(argv);
  let call: Call | undefined;
  const out: { text: string; error: boolean }[] = [];
  const program = buildProgram(
    (command) => {
      call = { command, words };
    },
    (text, error) => out.push({ text, error }),
  );
  let code = 0;
  try {
    await program.parseAsync(shielded, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code;
  }
  for (const { text, error } of out) await (error ? ports.stderr : ports.stdout).write(text);
  return call ?? code;
}

/**
 * Hides a command's own words from commander, which knows nothing of upstream's grammar and would take them for options of
 * its own. Help anywhere is help for that command.
 */
function shield(argv: readonly string[]): { shielded: string[]; words: string[] } {
  const server: string[] = [];
  let at = 0;
  // The server may be named before the command, too.
  while (/^--server[-_]url(=|$)/.test(argv[at] ?? '')) {
    const length = argv[at]?.includes('=') === true ? 1 : 2;
    server.push(...argv.slice(at, at + length));
    at += length;
  }
  const first = argv[at] ?? '';
  const names = GROUPS.some(({ name }) => name === first) ? 2 : 1;
  const path = argv.slice(at, at + names).filter((word) => !word.startsWith('-'));
  const own = argv.slice(at + path.length);
  const help = own.includes('--help') || (own.length === 1 && own[0] === '-h');
  if (help) return { shielded: [...path, '--help'], words: [] };
  if (first === 'help') return { shielded: [...own, '--help'], words: [] };
  if (path.length === 0) return { shielded: own, words: [] };
  return { shielded: path, words: [...server, ...own] };
}

type Chosen = (command: Command) => void;

function buildProgram(chosen: Chosen, write: (text: string, error: boolean) => void): Commander {
  const program = new Commander('oet')
    .description('Runs Python scripts on demand: loads them, starts them, shows their output and events, stops them.')
    .version(VERSION, '-V, --version')
    .option(flags(SERVER_OPTION), `${SERVER_OPTION.help}; default ${DEFAULT_URL}`)
    .helpCommand('help [command]', 'help for a command')
    .addHelpText(
      'after',
      '\nEnvironment: OET_URL the API, OET_TOKEN a bearer token for it.\nExit codes: 0 done, 1 the script failed, 2 usage, 3 no answer, 4 not found, 5 refused, 6 invalid, 7 timeout, 8 server.',
    );
  program.exitOverride().configureOutput({
    writeOut: (text) => write(text, false),
    writeErr: (text) => write(text, true),
    outputError: (text, print) => print(text.replace(/^error: /, 'oet: ')),
  });
  // Subcommands copy these settings when they are made.
  for (const group of GROUPS) {
    const parent = program.command(group.name).description(group.summary);
    for (const command of group.commands) addCommand(parent, command, chosen);
  }
  for (const command of COMMANDS) addCommand(program, command, chosen);
  return program;
}

function addCommand(parent: Commander, command: Command, chosen: Chosen): void {
  const { spec } = command;
  const node = parent
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.description === undefined ? spec.summary : `${spec.summary}\n\n${spec.description}`)
    .usage(usageOf(spec))
    .allowExcessArguments()
    .helpOption('--help', 'this text')
    .action(() => chosen(command));
  for (const option of [...spec.options, SERVER_OPTION]) {
    node.option(
      flags(option),
      option.standard === undefined ? option.help : `${option.help} (default: ${option.standard})`,
    );
  }
  if (spec.rest === 'script') node.option('--NAME=VALUE', "a keyword argument of the script's function");
  if (spec.examples !== undefined)
    node.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
}

function usageOf(spec: CommandSpec): string {
  const positionals = spec.positionals.map(({ name, optional }) =>
    optional === true ? `[${name.toUpperCase()}]` : name.toUpperCase(),
  );
  const rest = spec.rest === 'script' ? ['[ARG...] [--NAME=VALUE...]'] : [];
  return spec.optionsFirst === true
    ? ['[options]', ...positionals, ...rest].join(' ')
    : [...positionals, ...rest, '[options]'].join(' ');
}

function flags({ name, short, shortOnly, kind, metavar }: OptionSpec): string {
  const long = `--${name.replaceAll('_', name === SERVER_OPTION.name ? '-' : '_')}`;
  const value = kind === 'flag' ? '' : ` <${metavar ?? 'VALUE'}>`;
  if (shortOnly === true) return `-${short ?? ''}${value}`;
  return `${short === undefined ? '' : `-${short}, `}${long}${value}`;
}
