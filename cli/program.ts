import { Command as Commander, CommanderError } from 'commander';
import { parseArguments } from './args/grammar.ts';
import { longFlag, SERVER_OPTION, type CommandSpec, type OptionSpec } from './args/spec.ts';
import type { Command, Context } from './commands/command.ts';
import { COMMANDS, GROUPS } from './commands/index.ts';
import { CliError, messageOf, ReaderGone } from './errors.ts';
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
  let ownsInterrupt = false;
  try {
    const found = await find(argv, ports);
    if (typeof found === 'number') return found;
    ownsInterrupt = found.command.ownsInterrupt === true;
    const { context, farewell } = contextOf(found, ports);
    const running = found.command.run(context);
    const result = await (ownsInterrupt ? running : Promise.race([running, interruption(ports)]));
    if (ports.interrupted.aborted) await tell(ports, farewell());
    return typeof result === 'number' ? result : EXIT_CODES[result].code;
  } catch (error) {
    // Ctrl-C cuts what is underway, which is no news, unless the command went on to end in good order.
    if (ports.interrupted.aborted && !ownsInterrupt) return EXIT_CODES.interrupted.code;
    // `oet … | head` has what it wanted.
    if (error instanceof ReaderGone) return EXIT_CODES.ok.code;
    await tell(ports, messageOf(error));
    if (ports.interrupted.aborted) return EXIT_CODES.interrupted.code;
    return error instanceof CliError ? error.exitCode : EXIT_CODES.server.code;
  }
}

async function tell(ports: Ports, text: string | undefined): Promise<void> {
  if (text !== undefined) await ports.stderr.write(`oet: ${text}\n`);
}

async function interruption(ports: Ports): Promise<'interrupted'> {
  await whenAborted(ports.interrupted);
  return 'interrupted';
}

/** What a command is given, and what is to be told when Ctrl-C ends it. */
function contextOf({ command, words }: Call, ports: Ports): { context: Context; farewell: () => string | undefined } {
  const parsed = parseArguments(command.spec, words);
  let client: Promise<Client> | undefined;
  let made: Client | undefined;
  let leaving: string | undefined;
  const context: Context = {
    ports,
    parsed,
    client: () => {
      const url = parsed.options.get(SERVER_OPTION.name) ?? (ports.env['OET_URL'] || DEFAULT_URL);
      client ??= ports
        .connect(url, ports.env['OET_TOKEN'] || undefined)
        .then((transport) => (made = new Client(transport)));
      return client;
    },
    leaveWith: (farewell) => {
      leaving = farewell;
    },
  };
  return {
    context,
    farewell: () =>
      made?.underway === undefined
        ? leaving
        : `no answer yet (${made.underway}): the server may do it all the same; oet procedure list shows it`,
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
 * its own. Help anywhere is help for that command, and the server may be named anywhere, too.
 */
function shield(argv: readonly string[]): { shielded: string[]; words: string[] } {
  const server: string[] = [];
  const path: string[] = [];
  let help = false;
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (/^--server[-_]url(=|$)/.test(word)) {
      server.push(word);
      if (!word.includes('=') && at + 1 < argv.length) server.push(argv[(at += 1)] ?? '');
    } else if (isCommand(path) || (word.startsWith('-') && !HELP.has(word))) break;
    else if (HELP.has(word)) help = true;
    else path.push(word);
  }
  const own = argv.slice(at);
  help ||= own.includes('--help') || (own.length === 1 && own[0] === '-h');
  if (help) return { shielded: isKnown(path) ? [...path, '--help'] : path, words: [] };
  return isCommand(path) ? { shielded: path, words: [...server, ...own] } : { shielded: [...path, ...own], words: [] };
}

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h']);

/** Whether a command's name is complete; what follows is for the command to read. An unknown name is complete, too. */
function isCommand([first, second]: readonly string[]): boolean {
  return first !== undefined && (second !== undefined || !GROUPS.some(({ name }) => name === first));
}

/** Whether there is help for it: the program, a group or a command. */
function isKnown([first, second]: readonly string[]): boolean {
  if (first === undefined) return true;
  const group = GROUPS.find(({ name }) => name === first);
  if (group === undefined) return COMMANDS.some(({ spec }) => spec.name === first);
  return second === undefined || group.commands.some(({ spec }) => spec.name === second);
}

type Chosen = (command: Command) => void;

function buildProgram(chosen: Chosen, write: (text: string, error: boolean) => void): Commander {
  const program = new Commander('oet')
    .description('Runs Python scripts on demand: loads them, starts them, shows their output and events, stops them.')
    .version(VERSION, '-V, --version', 'the version')
    .helpOption('--help', 'this text')
    .option(flags(SERVER_OPTION), `${SERVER_OPTION.help}; default ${DEFAULT_URL}`)
    .helpCommand('help [command]', 'help for a command')
    .addHelpText(
      'after',
      '\nEnvironment: OET_URL the API, OET_TOKEN a bearer token for it.\n' +
        'Exit codes: 0 done, 1 the script failed, 2 usage, 3 no answer, 4 not found,\n' +
        '5 refused, 6 invalid, 7 timeout, 8 server, 9 stdout, 130 Ctrl-C.',
    );
  program.exitOverride().configureOutput({
    writeOut: (text) => write(text, false),
    writeErr: (text) => write(text, true),
    outputError: (text, print) => print(text.replace(/^error: /, 'oet: ')),
  });
  // Subcommands copy these settings when they are made.
  for (const group of GROUPS) {
    const parent = program
      .command(group.name)
      .summary(group.summary)
      .description(group.description ?? group.summary)
      .helpOption('--help', 'this text');
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

function flags(option: OptionSpec): string {
  const { short, shortOnly, kind, metavar } = option;
  const long = longFlag(option);
  const value = kind === 'flag' ? '' : ` <${metavar ?? 'VALUE'}>`;
  if (shortOnly === true) return `-${short ?? ''}${value}`;
  return `${short === undefined ? '' : `-${short}, `}${long}${value}`;
}
