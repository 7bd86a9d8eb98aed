import { flagOption, idOption, textOption } from '../args/read.ts';
import { usageError } from '../errors.ts';
import type { OutputStream } from '../http/client.ts';
import { followOutput } from '../http/follow.ts';
import { lastProcedure, talk, type Command } from './command.ts';
import { pidOption } from './options.ts';

/** `oet procedure logs`, beyond upstream. */
export const logs: Command = {
  spec: {
    name: 'logs',
    summary: 'print what a procedure has printed',
    description: 'stdout and stderr in the order they were written, byte for byte.',
    positionals: [{ name: 'pid', help: 'the procedure', optional: true }],
    options: [
      pidOption('the last one created'),
      {
        name: 'follow',
        short: 'f',
        kind: 'flag',
        help: 'go on until the procedure is over, through cuts',
        standard: 'False',
      },
      { name: 'stream', kind: 'text', metavar: 'NAME', help: 'stdout or stderr', standard: 'both' },
    ],
  },
  async run(context) {
    const { parsed, ports } = context;
    const given = idOption(parsed, 'pid');
    const stream = readStream(textOption(parsed, 'stream'));
    const client = await context.client();
    const id = given ?? lastProcedure(await client.procedures(), 'show').id;
    if (!flagOption(parsed, 'follow', false)) {
      const answer = await client.output(id, { follow: false, stream, signal: ports.interrupted });
      for await (const chunk of answer.body) await ports.stdout.write(chunk);
      return 'ok';
    }
    await followOutput({
      client,
      clock: ports.clock,
      id,
      stream,
      sink: ports.stdout,
      signal: ports.interrupted,
      onCut: (reason) => talk(context, `output cut (${reason}); reconnecting`),
    });
    return ports.interrupted.aborted ? 'interrupted' : 'ok';
  },
};

function readStream(text: string | undefined): OutputStream | undefined {
  if (text === undefined || text === 'both') return undefined;
  if (text !== 'stdout' && text !== 'stderr') throw usageError(`--stream takes stdout or stderr, not '${text}'`);
  return text;
}
