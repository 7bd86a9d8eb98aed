import { parseJson } from '../json/parse.ts';
import { NO_ARGUMENTS } from '../requests/procedures.ts';
import type { CreateRequest } from '../requests/procedures.ts';
import { ANSWER_SOURCE, eventSummary, REQUEST_SOURCE } from '../stream/mapping.ts';
import type { Announcement } from './announcer.ts';
import type { Summary } from './summary.ts';

const request = (topic: string, fields: Announcement['fields'], uid?: string): Announcement => ({
  topic: `request.procedure.${topic}`,
  fields: { msg_src: REQUEST_SOURCE, ...fields },
  ...(uid === undefined ? {} : { uid }),
});

/** A list was asked for (`id` undefined: of all), and answered. */
export function announceList(id: number | undefined, summaries: readonly Summary[]): Announcement[] {
  return [
    request('list', { pids: id === undefined ? null : [id] }),
    {
      topic: 'procedure.pool.list',
      fields: { msg_src: ANSWER_SOURCE, result: summaries.map((summary) => eventSummary(summary)) },
    },
  ];
}

/** A procedure was asked for. */
export function announceCreate({ script, args }: CreateRequest): Announcement {
  return request('create', { cmd: { script: script.view, init_args: value(args.init) } });
}

/** A start was asked for. */
export function announceStart(id: number, uid: string, main: string | undefined): Announcement {
  return request(
    'start',
    { cmd: { process_uid: id, fn_name: 'main', run_args: value(main), force_start: false } },
    uid,
  );
}

/** A stop was asked for. */
export function announceStop(id: number, uid: string, abort: boolean): Announcement {
  return request('stop', { cmd: { process_uid: id, run_abort: abort } }, uid);
}

function value(argsJSON: string | undefined): unknown {
  return parseJson(argsJSON ?? NO_ARGUMENTS).value;
}
