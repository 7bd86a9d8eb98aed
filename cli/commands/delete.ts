import { readId } from '../args/read.ts';
import { print, type Command } from './command.ts';

/** `oet procedure delete`, beyond upstream. */
export const deleteProcedure: Command = {
  spec: {
    name: 'delete',
    summary: 'delete a procedure; one that runs is stopped',
    positionals: [{ name: 'pid', help: 'the procedure' }],
    options: [],
  },
  async run(context) {
    const id = readId(context.parsed.positionals.get('pid') ?? '', 'PID');
    await (await context.client()).delete(id);
    await print(context, `procedure/${id} deleted`);
    return 'ok';
  },
};
