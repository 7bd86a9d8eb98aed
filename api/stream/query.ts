import type { Request } from 'express';
import { invalid } from '../errors.ts';
import { count } from '../output/query.ts';
import { Fields } from '../requests/issues.ts';
import type { Issue } from '../requests/issues.ts';
import { parsePlace } from './event.ts';
import type { Place } from './event.ts';
import type { StreamFilter } from './listener.ts';

/** What a listener asks for. */
export interface StreamQuery {
  readonly filter: StreamFilter;
  /** The last event that it has; undefined: it wants what comes from now on. */
  readonly last: Place | undefined;
}

/**
 * Reads `topics`, `procedure`, and the last id: the header Last-Event-ID, or `last_event_id` for clients that cannot set one.
 * Throws the 422. A header that is no id of ours counts as none: it may be from another server of that address.
 */
export function streamQuery(request: Request): StreamQuery {
  const issues: Issue[] = [];
  const fields = new Fields(request.query, ['query'], issues);
  const given = fields.get('topics');
  if (given !== undefined && typeof given !== 'string' && !isTexts(given)) fields.string('topics');
  const topics = [given]
    .flat()
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(','))
    .map((topic) => topic.trim())
    .filter((topic) => topic !== '');
  const procedure = fields.get('procedure') === undefined ? undefined : count(fields, 'procedure');
  const header = request.get('Last-Event-ID');
  const parameter = fields.get('last_event_id');
  let last = header === undefined ? undefined : parsePlace(header);
  if (header === undefined && parameter !== undefined && parameter !== '') {
    last = typeof parameter === 'string' ? parsePlace(parameter) : undefined;
    if (!last) fields.report('last_event_id', 'value_error', 'Value error, not the id of an event', { error: {} });
  }
  if (issues.length > 0) throw invalid(issues);
  return {
    filter: { topics: topics.includes('all') ? [] : topics, ...(procedure === undefined ? {} : { procedure }) },
    last,
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
