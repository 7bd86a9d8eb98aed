import { flagOption } from '../args/read.ts';
import { JournalReader, splitLines } from '../journal.ts';
import { talk, type Command } from './command.ts';

/** `oet journal`, beyond upstream: needs no server. */
export const journal: Command = {
  spec: {
    name: 'journal',
    summary: "read a script pod's log (kubectl logs POD) on stdin as plain text",
    description: "The script's stdout and stderr go to stdout and stderr, how it ended to stderr; needs no server.",
    examples: ['kubectl logs -f POD | oet journal'],
    positionals: [],
    options: [
      { name: 'all', short: 'a', kind: 'flag', help: 'states, events and progress, too, on stderr', standard: 'False' },
    ],
  },
  async run(context) {
    const { ports } = context;
    const all = flagOption(context.parsed, 'all', false);
    const reader = new JournalReader();
    for await (const line of splitLines(ports.stdin)) {
      for (const text of reader.read(line)) {
        if (text.to !== 'talk') await ports[text.to].write(text.data);
        else if (all || !text.detail) await talk(context, text.data);
      }
    }
    return ports.interrupted.aborted ? 'interrupted' : 'ok';
  },
};
