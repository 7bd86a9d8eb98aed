import { formatOption } from '../args/read.ts';
import type { Command } from './command.ts';
import { listenTo, printEvents, STANDARD_EXCLUDE, topicList } from './events.ts';

/** `oet listen`. */
export const listen: Command = {
  spec: {
    name: 'listen',
    summary: 'show events of the server and of scripts until Ctrl-C',
    description:
      'Topics are given by their beginnings, with commas. A lost connection is made again, and goes on after the last event.',
    examples: ['oet listen --topics=procedure.lifecycle,user', 'oet listen --exclude= -o json'],
    positionals: [
      { name: 'topics', help: 'topics to show', optional: true },
      { name: 'exclude', help: 'topics to leave out', optional: true },
    ],
    options: [
      { name: 'topics', kind: 'text', metavar: 'LIST', help: 'topics to show', standard: 'all' },
      { name: 'exclude', kind: 'text', metavar: 'LIST', help: 'topics to leave out', standard: STANDARD_EXCLUDE },
      { name: 'output', short: 'o', kind: 'format', metavar: 'FORMAT', help: 'json: every event, one object per line' },
    ],
  },
  async run(context) {
    const { options, positionals } = context.parsed;
    const format = formatOption(context.parsed, ['json']);
    return printEvents(context, await listenTo(context), {
      topics: topicList(options.get('topics') ?? positionals.get('topics') ?? 'all'),
      exclude: topicList(options.get('exclude') ?? positionals.get('exclude') ?? STANDARD_EXCLUDE),
      json: format === 'json',
    });
  },
};
