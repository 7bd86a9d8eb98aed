import { callArguments, flagOption, formatOption, idOption, scriptArguments } from '../args/read.ts';
import { CliError } from '../errors.ts';
import type { Client } from '../http/client.ts';
import { procedureTable, wideProcedureTable } from '../print/procedures.ts';
import { lastProcedure, procedureName, show, type Command } from './command.ts';
import { eventHeading, listenTo, printEvents, STANDARD_EXCLUDE, topicList } from './events.ts';
import { LISTEN_OPTION, pidOption } from './options.ts';

/** `oet procedure start`. */
export const start: Command = {
  spec: {
    name: 'start',
    summary: 'run main of a procedure that is READY',
    description:
      'All words and options that are none of the command are arguments of main; values are Python literals where they are any, else text.',
    examples: ['oet procedure start --pid=3 sbi-20260101-00001 --scans=[1,2] --listen=False'],
    positionals: [],
    options: [
      pidOption('the last one created'),
      LISTEN_OPTION,
      {
        name: 'output',
        short: 'o',
        shortOnly: true,
        kind: 'format',
        metavar: 'FORMAT',
        help: 'json, yaml, wide or name',
      },
    ],
    rest: 'script',
  },
  async run(context) {
    const { parsed } = context;
    const format = formatOption(parsed);
    const listen = flagOption(parsed, 'listen', true) && format === undefined;
    const { args, kwargs } = scriptArguments(parsed);
    const client = await context.client();
    const pid = await readyProcedure(client, idOption(parsed, 'pid'));
    // Before the start, so that its first events are seen.
    const events = listen ? await listenTo(context) : undefined;
    const procedure = await client.start(pid, callArguments(args, kwargs));
    await show(context, format, {
      raw: procedure.raw,
      names: [procedureName(procedure)],
      plain: () => procedureTable([procedure]),
      wide: () => wideProcedureTable([procedure]),
    });
    if (events === undefined) return 'ok';
    await eventHeading(context);
    return printEvents(context, events, { topics: ['all'], exclude: topicList(STANDARD_EXCLUDE) });
  },
};

async function readyProcedure(client: Client, pid: number | undefined): Promise<number> {
  if (pid !== undefined) {
    const { state } = await client.procedure(pid);
    if (state !== 'READY') throw new CliError('refused', `Cannot start a procedure in state ${state}.`);
    return pid;
  }
  const { id, state } = lastProcedure(await client.procedures(), 'start');
  if (state !== 'READY') {
    throw new CliError(
      'refused',
      `The last procedure created is in ${state} state and cannot be started, please specify a valid procedure ID.`,
    );
  }
  return id;
}
