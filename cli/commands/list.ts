import { formatOption, idOption } from '../args/read.ts';
import { FORMAT_OPTION } from '../args/spec.ts';
import { procedureTable, wideProcedureTable } from '../print/procedures.ts';
import { procedureName, show, type Command } from './command.ts';
import { pidOption } from './options.ts';

/** `oet procedure list`. */
export const list: Command = {
  spec: {
    name: 'list',
    summary: 'show all procedures, oldest first, or one',
    positionals: [{ name: 'pid', help: 'the procedure', optional: true }],
    options: [pidOption('all'), FORMAT_OPTION],
  },
  async run(context) {
    const format = formatOption(context.parsed);
    const pid = idOption(context.parsed, 'pid');
    const client = await context.client();
    const procedures = pid === undefined ? await client.procedures() : [await client.procedure(pid)];
    await show(context, format, {
      raw: procedures.map(({ raw }) => raw),
      names: procedures.map(procedureName),
      plain: () => procedureTable(procedures),
      wide: () => wideProcedureTable(procedures),
    });
    return 'ok';
  },
};
