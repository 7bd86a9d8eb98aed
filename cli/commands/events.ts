import { messageOf } from '../errors.ts';
import type { ExitName } from '../exit-codes.ts';
import { openEvents, type EventStream } from '../http/events.ts';
import { eventLine, wantsTopic } from '../print/events.ts';
import { parseJson, writeJson } from '../values/json.ts';
import { asText, member, type Value } from '../values/value.ts';
import { print, talk, type Context } from './command.ts';

/** What start and activity run leave out, and listen unless told otherwise. */
export const STANDARD_EXCLUDE = 'request,procedure.pool';

/** Which events are shown, and how. */
export interface EventSelection {
  readonly topics: readonly string[];
  readonly exclude: readonly string[];
  /** One JSON object per line instead of words. */
  readonly json?: boolean;
  /** Told of every event, shown or not, before it is shown. */
  readonly onEvent?: (event: Value) => void;
}

/** Beginnings of topics in a comma-separated list. */
export function topicList(text: string): string[] {
  return text
    .split(',')
    .map((topic) => topic.trim())
    .filter((topic) => topic !== '');
}

/** Opens the event stream, telling of each cut on stderr. */
export async function listenTo(context: Context): Promise<EventStream> {
  const { clock, interrupted } = context.ports;
  return openEvents(await context.client(), clock, interrupted, (reason) =>
    talk(context, `event stream cut (${reason}); reconnecting`),
  );
}

/** Prints events until Ctrl-C. */
export async function printEvents(context: Context, stream: EventStream, selection: EventSelection): Promise<ExitName> {
  for await (const data of stream.data) {
    const event = await readEvent(context, data);
    if (event === undefined) continue;
    selection.onEvent?.(event);
    const topic = asText(member(event, 'topic')) ?? '';
    if (!wantsTopic(topic, selection.topics, selection.exclude)) continue;
    const line = selection.json === true ? writeJson(event) : eventLine(event);
    if (line !== undefined) await print(context, line);
  }
  return 'interrupted';
}

async function readEvent(context: Context, data: string): Promise<Value | undefined> {
  try {
    return parseJson(data);
  } catch (error) {
    await talk(context, `an event that is no JSON (${messageOf(error)})`);
    return undefined;
  }
}

/** What start and activity run print before the events. */
export function eventHeading(context: Context): Promise<void> {
  return print(context, '\nEvents\n------\n');
}
