import { formatOption, idOption } from '../args/read.ts';
import { FORMAT_OPTION } from '../args/spec.ts';
import { describeProcedure } from '../print/procedures.ts';
import { lastProcedure, procedureName, show, type Command } from './command.ts';
import { pidOption } from './options.ts';

/** `oet procedure describe`. */
export const describe: Command = {
  spec: {
    name: 'describe',
    summary: "show a procedure's history, arguments and stack trace",
    positionals: [{ name: 'pid', help: 'the procedure', optional: true }],
    options: [pidOption('the last one created'), FORMAT_OPTION],
  },
  async run(context) {
    const format = formatOption(context.parsed);
    const pid = idOption(context.parsed, 'pid');
    const client = await context.client();
    const procedure =
      pid === undefined ? lastProcedure(await client.procedures(), 'describe') : await client.procedure(pid);
    await show(context, format, {
      raw: procedure.raw,
      names: [procedureName(procedure)],
      plain: () => describeProcedure(procedure),
    });
    return 'ok';
  },
};
