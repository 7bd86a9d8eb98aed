import { flagOption, formatOption, idOption } from '../args/read.ts';
import { FORMAT_OPTION } from '../args/spec.ts';
import { CliError } from '../errors.ts';
import type { Client } from '../http/client.ts';
import { show, type Command } from './command.ts';
import { pidOption } from './options.ts';

/** `oet procedure stop`. */
export const stop: Command = {
  spec: {
    name: 'stop',
    summary: 'stop a procedure',
    positionals: [{ name: 'pid', help: 'the procedure', optional: true }],
    options: [
      pidOption('the one that runs'),
      { name: 'run_abort', kind: 'flag', help: 'then run the abort script', standard: 'True' },
      FORMAT_OPTION,
    ],
  },
  async run(context) {
    const format = formatOption(context.parsed);
    const abort = flagOption(context.parsed, 'run_abort', true);
    const client = await context.client();
    const pid = idOption(context.parsed, 'pid') ?? (await runningProcedure(client));
    const { message, raw } = await client.stop(pid, abort);
    await show(context, format, { raw, names: [`procedure/${pid}`], plain: () => message });
    return 'ok';
  },
};

async function runningProcedure(client: Client): Promise<number> {
  const running = (await client.procedures()).filter(({ state }) => state === 'RUNNING');
  const first = running[0];
  if (first === undefined) throw new CliError('notFound', 'No procedures to stop');
  if (running.length > 1) {
    throw new CliError('refused', 'WARNING: More than one procedure is running. Specify ID of the procedure to stop.');
  }
  return first.id;
}
