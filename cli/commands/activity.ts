import { flagOption, formatOption, idOption } from '../args/read.ts';
import { NotLiteral, NotSendable } from '../args/lexer.ts';
import { parseLiteral } from '../args/literal.ts';
import { FORMAT_OPTION } from '../args/spec.ts';
import { CliError, messageOf, usageError } from '../errors.ts';
import { activityTable, describeActivity } from '../print/activities.ts';
import type { Activity } from '../http/procedure.ts';
import { parseJson } from '../values/json.ts';
import { record, type Value } from '../values/value.ts';
import { show, type Command } from './command.ts';
import { eventHeading, listenTo, printEvents, STANDARD_EXCLUDE, topicList } from './events.ts';
import { LISTEN_OPTION } from './options.ts';

function activityName({ id }: Activity): string {
  return `activity/${id}`;
}

/** Shown in the help of each, and of the group. */
export const NEEDS = 'Needs a server that has activities; the REST API of this release has none yet.';

/** `oet activity run`. */
export const runActivity: Command = {
  spec: {
    name: 'run',
    summary: 'run an activity of a Scheduling Block Definition',
    description: NEEDS,
    examples: [`oet activity run observe sbd-t0001-20241028-00008 --script-args='{"main": {"kwargs": {"scans": 2}}}'`],
    positionals: [
      { name: 'activity_name', help: 'its name in the SBD' },
      { name: 'sbd_id', help: 'the SBD' },
    ],
    options: [
      {
        name: 'script_args',
        kind: 'text',
        metavar: 'JSON',
        help: 'arguments by function, in place of those of the SBD',
      },
      { name: 'prepare_only', kind: 'flag', help: 'create the procedure and do not start it', standard: 'False' },
      { name: 'create_env', kind: 'flag', help: "install the git project's dependencies", standard: 'False' },
      LISTEN_OPTION,
      FORMAT_OPTION,
    ],
  },
  async run(context) {
    const { parsed } = context;
    const format = formatOption(parsed);
    const listen = flagOption(parsed, 'listen', true) && format === undefined;
    const scriptArgs = parsed.options.get('script_args');
    const request = record({
      sbd_id: parsed.positionals.get('sbd_id'),
      activity_name: parsed.positionals.get('activity_name'),
      script_args: scriptArgs === undefined ? undefined : readScriptArgs(scriptArgs),
      prepare_only: flagOption(parsed, 'prepare_only', false),
      create_env: flagOption(parsed, 'create_env', false),
    });
    const events = listen ? await listenTo(context) : undefined;
    const activity = await (await context.client()).runActivity(request);
    await show(context, format, {
      raw: activity.raw,
      names: [activityName(activity)],
      plain: () => activityTable([activity], { scriptHint: true }),
    });
    if (events === undefined) return 'ok';
    await eventHeading(context);
    return printEvents(context, events, { topics: ['all'], exclude: topicList(STANDARD_EXCLUDE) });
  },
};

/** JSON, or the same as a Python literal. */
function readScriptArgs(text: string): Value {
  let value: Value;
  try {
    value = parseJson(text);
  } catch (jsonError) {
    try {
      value = parseLiteral(text);
    } catch (error) {
      const why = error instanceof NotSendable ? error.message : messageOf(jsonError);
      if (!(error instanceof NotLiteral) && !(error instanceof NotSendable)) throw error;
      throw usageError(`--script-args: ${why}`);
    }
  }
  if (!(value instanceof Map)) throw usageError(`--script-args takes an object such as {"main": {"kwargs": {}}}`);
  return value;
}

/** `oet activity list`. */
export const listActivities: Command = {
  spec: {
    name: 'list',
    summary: 'show all activities, or one',
    description: NEEDS,
    positionals: [{ name: 'aid', help: 'the activity', optional: true }],
    options: [{ name: 'aid', kind: 'id', metavar: 'ID', help: 'the activity', standard: 'all' }, FORMAT_OPTION],
  },
  async run(context) {
    const format = formatOption(context.parsed);
    const aid = idOption(context.parsed, 'aid');
    const client = await context.client();
    const activities = aid === undefined ? await client.activities() : [await client.activity(aid)];
    await show(context, format, {
      raw: activities.map(({ raw }) => raw),
      names: activities.map(activityName),
      plain: () => activityTable(activities),
    });
    return 'ok';
  },
};

/** `oet activity describe`. */
export const describeActivityCommand: Command = {
  spec: {
    name: 'describe',
    summary: "show an activity's procedure, history and arguments",
    description: NEEDS,
    positionals: [{ name: 'aid', help: 'the activity', optional: true }],
    options: [
      { name: 'aid', kind: 'id', metavar: 'ID', help: 'the activity', standard: 'the last one' },
      FORMAT_OPTION,
    ],
  },
  async run(context) {
    const format = formatOption(context.parsed);
    const aid = idOption(context.parsed, 'aid');
    const client = await context.client();
    const activity = aid === undefined ? (await client.activities()).at(-1) : await client.activity(aid);
    if (activity === undefined) throw new CliError('notFound', 'No activities to describe');
    await show(context, format, {
      raw: activity.raw,
      names: [activityName(activity)],
      plain: () => describeActivity(activity),
    });
    return 'ok';
  },
};
