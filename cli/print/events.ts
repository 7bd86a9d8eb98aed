import { repr } from '../values/python.ts';
import { asText, member, type Value } from '../values/value.ts';

type Field = (...path: string[]) => string;

/** A field that an event does not have: the event then gives no line. */
class Missing extends Error {}

function fieldOf(event: Value): Field {
  return (...path) => {
    let value: Value | undefined = event;
    for (const key of path) value = member(value, key);
    if (value === undefined) throw new Missing(path.join('.'));
    return asText(value) ?? repr(value);
  };
}

/** ` on subarray 1`; nothing for a procedure that was made without a subarray. */
function subarray(result: Value | undefined, before: string): string {
  const kwargs = member(member(member(result, 'script_args'), 'init'), 'kwargs');
  const id = member(kwargs, 'subarray_id');
  return id === undefined ? '' : `${before}${repr(id)}`;
}

function procedureLine(event: Value, what: string, before = ' on subarray '): string {
  const result = member(event, 'result');
  const field = fieldOf(result ?? null);
  return `Procedure ${field('id')} (${field('script', 'script_uri')}) ${what}${subarray(result, before)}`;
}

/** Upstream answers a stop with a list: the abort script's procedure, or nothing. */
function stoppedLine(event: Value): string {
  const result = member(event, 'result');
  if (!Array.isArray(result)) return procedureLine(event, 'execution complete', ' ');
  const first = result[0];
  if (first === undefined) return 'Procedure stopped';
  return procedureLine(new Map([['result', first]]), 'execution complete', ' ');
}

/** Topic to line. What has no entry here (state changes, stack traces, topics of scripts) gives none. */
const LINES: Readonly<Record<string, (f: Field, event: Value) => string>> = {
  'request.procedure.create': (f, event) => {
    const cmd = member(event, 'cmd');
    const args = new Map([['script_args', new Map([['init', member(cmd, 'init_args') ?? null]])]]);
    return `User request: prepare ${f('cmd', 'script', 'script_uri')} for execution${subarray(args, ' on subarray ')}`;
  },
  'request.procedure.list': () => 'User request to list all the procedures is received',
  'request.procedure.start': (f) => `User request: start execution of process #${f('cmd', 'process_uid')}`,
  'request.procedure.stop': (f) =>
    `User request: stop procedure #${f('cmd', 'process_uid')} with ${f('cmd', 'run_abort') === 'True' ? '' : 'no'} abort`,
  'request.activity.run': (f) => `User request: run activity ${f('cmd', 'activity_name')} of ${f('cmd', 'sbd_id')}`,
  'request.activity.list': () => 'User request to list all the activities is received',
  'procedure.pool.list': () => 'Enumerating current procedures and status',
  'activity.pool.list': () => 'Enumerating current activities and status',
  'activity.lifecycle.running': (f) => `Activity ${f('result', 'id')} (${f('result', 'activity_name')}) running`,
  'procedure.lifecycle.created': (_, event) => procedureLine(event, 'ready for execution'),
  'procedure.lifecycle.started': (_, event) => procedureLine(event, 'started execution'),
  'procedure.lifecycle.stopped': (_, event) => stoppedLine(event),
  'procedure.lifecycle.complete': (_, event) => procedureLine(event, 'execution complete', ' '),
  'procedure.lifecycle.failed': (_, event) => procedureLine(event, 'execution failed'),
  'user.script.announce': (f) => `Script message: ${f('msg')}`,
  'sb.lifecycle.allocated': (f) => `Resources allocated using SB ${f('sb_id')}`,
  'sb.lifecycle.started': (f) => `SB instance ${f('sbi_id')} started`,
  'sb.lifecycle.observation.started': (f) => `Observation for SB ${f('sb_id')} started`,
  'sb.lifecycle.observation.finished.succeeded': (f) => `Observation for SB ${f('sb_id')} complete`,
  'sb.lifecycle.observation.finished.failed': (f) => `Observation for SB ${f('sb_id')} failed`,
  'subarray.resources.allocated': (f) => `Subarray ${f('subarray_id')}: resources allocated`,
  'subarray.resources.deallocated': (f) => `Subarray ${f('subarray_id')}: resources released`,
  'subarray.configured': (f) => `Subarray ${f('subarray_id')} configured`,
  'subarray.scan.started': (f) => `Subarray ${f('subarray_id')}: scan started`,
  'subarray.scan.finished': (f) => `Subarray ${f('subarray_id')}: scan complete`,
  'subarray.fault': (f) => `Subarray ${f('subarray_id')} error: ${f('error')}`,
  'scan.lifecycle.configure.started': (f) => `SB ${f('sb_id')}: configuring for scan ${f('scan_id')}`,
  'scan.lifecycle.configure.complete': (f) => `SB ${f('sb_id')}: scan ${f('scan_id')} configuration complete`,
  'scan.lifecycle.configure.failed': (f) => `SB ${f('sb_id')}: scan ${f('scan_id')} configuration failed`,
  'scan.lifecycle.start': (f) => `SB ${f('sb_id')}: scan ${f('scan_id')} starting`,
  'scan.lifecycle.end.succeeded': (f) => `SB ${f('sb_id')}: scan ${f('scan_id')} complete`,
  'scan.lifecycle.end.failed': (f) => `SB ${f('sb_id')}: scan ${f('scan_id')} failed`,
};

/** The line for an event, or undefined for one that gives none. */
export function eventLine(event: Value): string | undefined {
  const topic = asText(member(event, 'topic')) ?? '';
  if (!Object.hasOwn(LINES, topic)) return undefined;
  try {
    const text = LINES[topic]?.(fieldOf(event), event);
    return text === undefined ? undefined : `- ${text}`;
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

/** Whether an event is wanted. Both lists hold beginnings of topics; `all` stands for every topic. */
export function wantsTopic(topic: string, topics: readonly string[], exclude: readonly string[]): boolean {
  const named = topics.includes('all') || topics.some((start) => topic.startsWith(start));
  return named && !exclude.some((start) => topic.startsWith(start));
}
