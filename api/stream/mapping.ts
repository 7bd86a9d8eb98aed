import type { Row, Run } from '../../journal/types.ts';
import { isObject } from '../json/raw.ts';
import type { StoredProcedure } from '../ports.ts';
import { summaryAt } from '../procedures/summary.ts';
import type { Summary } from '../procedures/summary.ts';
import { LOCAL_URI } from './event.ts';
import type { StreamEvent } from './event.ts';

type History = Run['history'];

/** `msg_src` of requests, as upstream has it. */
export const REQUEST_SOURCE = 'FastAPIWorker';
/** `msg_src` of answers, and of the events that were answers upstream. */
export const ANSWER_SOURCE = 'SESWorker';

/**
 * The events that a row of the store gives, in order; none for rows that are no news to a listener. They are a function of the
 * row and of what was before it: read again after a year or a restart, the same row gives the same events.
 */
export function eventsOf(row: Row, run: Run | undefined, procedure?: StoredProcedure): StreamEvent[] {
  if (row.k === 'event') return [published(row, run)];
  if (row.k === 'state' && run) return stateEvents(row, run, procedure);
  return [];
}

/** A summary as events carry it: its uri is filled in for each client. */
export function eventSummary({ id, ...rest }: Summary): Record<string, unknown> {
  return { id, uri: `${LOCAL_URI}${id}`, ...rest };
}

function published({ body }: Row, run: Run | undefined): StreamEvent {
  const topic = typeof body['topic'] === 'string' ? body['topic'] : 'unknown';
  const fields = isObject(body['fields']) ? body['fields'] : {};
  // Upstream gives a message that says nothing about its source the script's id.
  const source = fields['msg_src'] ?? (run ? String(run.id) : null);
  return { topic, procedure: run?.id, fields: { ...fields, msg_src: source } };
}

function stateEvents({ body, t }: Row, run: Run, resource: StoredProcedure | undefined): StreamEvent[] {
  const state = String(body['state']);
  const history = historyUpTo(run.history, state, t);
  const procedure = run.id;
  const source = { msg_src: String(run.id) };
  const events: StreamEvent[] = [
    { topic: 'procedure.lifecycle.statechange', procedure, fields: { ...source, new_state: state } },
  ];
  if (state === 'FAILED' && run.failure) {
    const stacktrace = run.failure.stackTrace;
    events.push({ topic: 'procedure.lifecycle.stacktrace', procedure, fields: { ...source, stacktrace } });
  }
  const topic = lifecycleTopic(state, history.at(-2)?.[0]);
  if (topic) {
    // What upstream sent as the answer to a request, and so not in the script's name.
    const result = eventSummary(summaryAt(run, history, resource));
    events.push({ topic, procedure, fields: { msg_src: ANSWER_SOURCE, result } });
  }
  return events;
}

/** The row is the last of the history as it was then. */
function historyUpTo(history: History, state: string, t: number): History {
  const index = history.findLastIndex(([name, time]) => name === state && time === t);
  return index < 0 ? history : history.slice(0, index + 1);
}

function lifecycleTopic(state: string, before: string | undefined): string | undefined {
  switch (state) {
    case 'IDLE':
      return before === 'LOADING' ? 'procedure.lifecycle.created' : undefined;
    case 'INITIALISING':
    case 'RUNNING':
      return 'procedure.lifecycle.started';
    case 'STOPPED':
      return 'procedure.lifecycle.stopped';
    case 'FAILED':
      return 'procedure.lifecycle.failed';
    case 'COMPLETE':
      return 'procedure.lifecycle.complete';
    default:
      return undefined;
  }
}
