import type { Format } from '../args/format.ts';
import type { Parsed } from '../args/grammar.ts';
import type { CommandSpec } from '../args/spec.ts';
import { CliError } from '../errors.ts';
import type { ExitName } from '../exit-codes.ts';
import type { Client } from '../http/client.ts';
import type { Procedure } from '../http/procedure.ts';
import type { Ports } from '../ports.ts';
import { writeJson } from '../values/json.ts';
import type { Value } from '../values/value.ts';
import { writeYaml } from '../values/yaml.ts';

/** What a command is given. */
export interface Context {
  readonly ports: Ports;
  readonly parsed: Parsed;
  /** The API's client; loads what it needs at the first call. */
  readonly client: () => Promise<Client>;
  /** What is told when Ctrl-C ends the command from now on (what goes on without it); undefined for nothing. */
  readonly leaveWith: (farewell: string | undefined) => void;
}

/** A command: what it accepts and what it does. Gives the exit code, by name or (for a mirrored signal) as a number. */
export interface Command {
  readonly spec: CommandSpec;
  /** Ctrl-C is for the command to deal with; otherwise it ends the command wherever it is. */
  readonly ownsInterrupt?: boolean;
  run(context: Context): Promise<ExitName | number>;
}

/** Data: one text and a line end, to stdout. */
export function print(context: Context, text: string): Promise<void> {
  return context.ports.stdout.write(`${text}\n`);
}

/** Talk: a line for the person at the terminal, to stderr. */
export function talk(context: Context, text: string): Promise<void> {
  return context.ports.stderr.write(`oet: ${text}\n`);
}

/** What a command has to show, in each form that -o can ask for. */
export interface Shown {
  readonly raw: Value;
  readonly names: readonly string[];
  readonly plain: () => string;
  readonly wide?: () => string;
}

/** Prints in the form asked for. */
export async function show(context: Context, format: Format | undefined, shown: Shown): Promise<void> {
  if (format === 'json') await print(context, writeJson(shown.raw, 2));
  else if (format === 'yaml') await context.ports.stdout.write(writeYaml(shown.raw));
  else if (format !== 'name') await print(context, format === 'wide' ? (shown.wide ?? shown.plain)() : shown.plain());
  else for (const name of shown.names) await print(context, name);
}

/** The name of a procedure as -o name prints it and --pid takes it. */
export function procedureName({ id }: Procedure): string {
  return `procedure/${id}`;
}

/** The procedure created last. Throws with the words of upstream where there is none. */
export function lastProcedure(procedures: readonly Procedure[], purpose: string): Procedure {
  const last = procedures.at(-1);
  if (last === undefined) throw new CliError('notFound', `No procedures to ${purpose}`);
  return last;
}
