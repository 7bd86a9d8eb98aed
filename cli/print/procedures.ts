import type { Procedure, StateChange } from '../http/procedure.ts';
import { repr } from '../values/python.ts';
import { member, type Value, type ValueMap } from '../values/value.ts';
import { table, type Column } from './table.ts';
import { utcMicroseconds, utcSeconds } from './time.ts';

const COLUMNS: readonly Column[] = [
  { name: 'ID', right: true },
  { name: 'Script' },
  { name: 'Creation Time' },
  { name: 'State' },
];
const WIDE_COLUMNS: readonly Column[] = [
  ...COLUMNS,
  { name: 'Started' },
  { name: 'Ended' },
  { name: 'Exit', right: true },
  { name: 'Name' },
  { name: 'Reason' },
];
const HINT = ' For more details:- oet procedure describe --pid=<id>';
/** Reasons that say no more than the state, the history or the stack trace do. */
const NO_NEWS = new Set(['Claimed', 'Preparing', 'Ready', 'Running', 'Stopping', 'Completed', 'Stopped']);
const FINAL_STATES = ['COMPLETE', 'FAILED', 'STOPPED', 'UNKNOWN'];

function creationTime(history: readonly StateChange[]): string {
  const first = history[0];
  return first === undefined ? '-' : utcSeconds(first.time);
}

function timeOf(history: readonly StateChange[], states: readonly string[]): string {
  const change = history.find(({ state }) => states.includes(state));
  return change === undefined ? '' : utcSeconds(change.time);
}

function row(procedure: Procedure): string[] {
  return [String(procedure.id), procedure.scriptUri, creationTime(procedure.history), procedure.state];
}

/** The table of procedures that create, list and start print. */
export function procedureTable(procedures: readonly Procedure[]): string {
  const lines = table(COLUMNS, procedures.map(row));
  return procedures.length === 0 ? lines : `${lines}\n${HINT}`;
}

/** The same with more columns, for -o wide. */
export function wideProcedureTable(procedures: readonly Procedure[]): string {
  return table(
    WIDE_COLUMNS,
    procedures.map((procedure) => [
      ...row(procedure),
      timeOf(procedure.history, ['RUNNING']),
      timeOf(procedure.history, FINAL_STATES),
      procedure.signal === undefined ? (procedure.exitCode?.toString() ?? '') : `SIG${procedure.signal}`,
      procedure.name ?? '',
      procedure.reason ?? '',
    ]),
  );
}

/** The history as describe shows it, each RUNNING with its number. */
export function historyTable(history: readonly StateChange[]): string {
  let running = 0;
  return table(
    [{ name: 'Time' }, { name: 'State' }],
    history.map(({ state, time }) => [
      utcMicroseconds(time),
      state === 'RUNNING' ? `RUNNING ${(running += 1)}` : state,
    ]),
  );
}

/** Function name, args and kwargs, as Python writes them. */
export function argumentRows(scriptArgs: ValueMap): [string, string, string][] {
  return [...scriptArgs].map(([name, call]) => [
    name,
    repr(member(call, 'args') ?? []),
    repr(member(call, 'kwargs') ?? new Map<string, Value>()),
  ]);
}

function plain(value: Value | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? 'None' : repr(value);
}

/** All about one procedure. */
export function describeProcedure(procedure: Procedure): string {
  const sections = [
    table(
      [{ name: 'ID', right: true }, { name: 'Script' }, { name: 'URI' }],
      [[String(procedure.id), procedure.scriptUri, procedure.uri]],
    ),
    historyTable(procedure.history),
    table(
      [{ name: 'Index', right: true }, { name: 'Method' }, { name: 'Arguments' }, { name: 'Keyword Arguments' }],
      argumentRows(procedure.scriptArgs).map((cells, index) => [String(index + 1), ...cells]),
    ),
  ];
  if (procedure.gitArgs !== undefined) {
    sections.push(
      table(
        [{ name: 'Repository' }, { name: 'Branch' }, { name: 'Commit' }],
        [['git_repo', 'git_branch', 'git_commit'].map((key) => plain(procedure.gitArgs?.get(key)))],
      ),
    );
  }
  const loaded = (
    [
      ['Loaded Commit', procedure.commit],
      ['Loaded SHA-256', procedure.sha256],
    ] as const
  ).filter((cell) => cell[1] !== undefined);
  // Beyond upstream, and before the stack trace, which upstream's readers take to the end.
  if (loaded.length > 0)
    sections.push(
      table(
        loaded.map(([name]) => ({ name })),
        [loaded.map(([, text]) => text ?? '')],
      ),
    );
  const trace = procedure.stacktrace ?? '';
  const reason = reasonRow(procedure, trace !== '');
  // What ended without a trace (image, node, kill, grace) says why, and so does what is hindered.
  if (reason !== undefined) sections.push(table([{ name: 'Reason' }, { name: 'Message' }], [reason]));
  if (trace !== '') sections.push(`Stack Trace:\n------------\n${trace.trimEnd()}`);
  return sections.join('\n\n');
}

function reasonRow({ state, reason, failure, message }: Procedure, hasTrace: boolean): [string, string] | undefined {
  if (NO_NEWS.has(reason ?? '') || (hasTrace && (reason ?? 'ScriptError') === 'ScriptError')) return undefined;
  // Of a script that failed the exception says more than the operator's words.
  const why = (state === 'FAILED' || state === 'UNKNOWN' ? failure : undefined) ?? message;
  return reason === undefined && why === undefined ? undefined : [reason ?? '', why ?? ''];
}
