import { callArguments, formatOption, scriptArguments } from '../args/read.ts';
import { procedureTable, wideProcedureTable } from '../print/procedures.ts';
import { procedureName, show, type Command } from './command.ts';
import { SCRIPT_OPTIONS } from './options.ts';
import { readScript, subarrayId } from './script.ts';

/** `oet procedure create`. */
export const create: Command = {
  spec: {
    name: 'create',
    summary: 'load a script and run its init, so that it is ready to start',
    description:
      'SCRIPT_URI is file:///path (on the server), git://path (in a repository), configmap://name/key, or the path of a file on ' +
      'this machine, which is sent along. All other words and options are arguments of init; values are Python ' +
      'literals where they are any, else text: 1, 2.5, True, [1,2], \'{"a": 1}\', bob.',
    examples: [
      'oet procedure create file:///tmp/scripts/hello.py --subarray_id=2 --verbose',
      'oet procedure create git://scripts/scan.py --git_repo=https://example.org/scripts.git --git_branch=main',
    ],
    positionals: [{ name: 'script_uri', help: 'the script' }],
    options: [
      ...SCRIPT_OPTIONS,
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
    const { parsed, ports } = context;
    const format = formatOption(parsed);
    const { args, kwargs } = scriptArguments(parsed);
    const init = callArguments(args, new Map([['subarray_id', subarrayId(parsed)], ...kwargs]));
    const script = await readScript(ports, parsed, parsed.positionals.get('script_uri') ?? '');
    const procedure = await (await context.client()).create(script, init);
    await show(context, format, {
      raw: procedure.raw,
      names: [procedureName(procedure)],
      plain: () => procedureTable([procedure]),
      wide: () => wideProcedureTable([procedure]),
    });
    return 'ok';
  },
};
