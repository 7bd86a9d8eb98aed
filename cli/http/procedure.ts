import { CliError } from '../errors.ts';
import { asNumber, asText, member, type Value, type ValueMap } from '../values/value.ts';

/** A state and the time it was entered, in seconds since the epoch. */
export interface StateChange {
  readonly state: string;
  readonly time: number;
}

/** What the API tells of a procedure, or of an activity's history: the fields that the command line looks at. */
export interface Procedure {
  readonly id: number;
  readonly uri: string;
  readonly state: string;
  readonly scriptUri: string;
  readonly gitArgs: ValueMap | undefined;
  /** Function name to `{args, kwargs}`. */
  readonly scriptArgs: ValueMap;
  readonly history: readonly StateChange[];
  readonly stacktrace: string | undefined;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly failure: string | undefined;
  readonly name: string | undefined;
  /** What was loaded, where the server tells: the script's digest and the commit that was checked out. */
  readonly sha256: string | undefined;
  readonly commit: string | undefined;
  /** All of it, as it came. */
  readonly raw: Value;
}

/** What the API tells of an activity. */
export interface Activity {
  readonly id: number;
  readonly uri: string;
  readonly activityName: string;
  readonly sbdId: string;
  readonly procedureId: number;
  readonly prepareOnly: boolean;
  readonly scriptArgs: ValueMap;
  readonly history: readonly StateChange[];
  readonly state: string;
  readonly raw: Value;
}

/** States in which a procedure is over. UNKNOWN is none: a lost node may come back. */
const FINAL = new Set(['COMPLETE', 'FAILED', 'STOPPED']);

/** Whether a procedure in this state changes no more. */
export function isFinal(state: string): boolean {
  return FINAL.has(state);
}

/**
 * Whether nothing more is to be expected of a procedure in this state: it is final, or UNKNOWN, which may stay for ever
 * where a node is gone for good.
 */
export function isOver(state: string): boolean {
  return isFinal(state) || state === 'UNKNOWN';
}

function broken(what: string): CliError {
  return new CliError('server', `the server's answer makes no sense: ${what} is missing or of the wrong type`);
}

function requireNumber(value: Value, key: string): number {
  const number = asNumber(member(value, key));
  if (number === undefined) throw broken(key);
  return number;
}

function requireText(value: Value | undefined, key: string): string {
  const text = asText(member(value, key));
  if (text === undefined) throw broken(key);
  return text;
}

function mapOf(value: Value | undefined): ValueMap {
  return value instanceof Map ? value : new Map<string, Value>();
}

function readHistory(value: Value | undefined): StateChange[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry) => {
    const [state, time] = Array.isArray(entry) ? entry : [];
    const seconds = asNumber(time);
    return typeof state === 'string' && seconds !== undefined ? [{ state, time: seconds }] : [];
  });
}

function failureText(value: Value | undefined): string | undefined {
  const type = asText(member(value, 'type'));
  const message = asText(member(value, 'message'));
  const parts = [type, message].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join(': ');
}

/** Reads a ProcedureSummary. Throws a CliError `server` where it is none. */
export function readProcedure(raw: Value): Procedure {
  const script = member(raw, 'script');
  const gitArgs = member(script, 'git_args');
  const history = member(raw, 'history');
  const source = member(raw, 'source');
  return {
    id: requireNumber(raw, 'id'),
    uri: asText(member(raw, 'uri')) ?? '',
    state: requireText(raw, 'state'),
    scriptUri: requireText(script, 'script_uri'),
    gitArgs: gitArgs instanceof Map ? gitArgs : undefined,
    scriptArgs: mapOf(member(raw, 'script_args')),
    history: readHistory(member(history, 'process_states')),
    stacktrace: asText(member(history, 'stacktrace')),
    exitCode: asNumber(member(raw, 'exit_code')),
    signal: asNumber(member(raw, 'signal')),
    reason: asText(member(raw, 'reason')),
    message: asText(member(raw, 'message')),
    failure: failureText(member(raw, 'failure')),
    name: asText(member(raw, 'name')),
    sha256: asText(member(source, 'sha256')),
    commit: asText(member(source, 'commit')),
    raw,
  };
}

/** Reads an activity's summary. Throws a CliError `server` where it is none. */
export function readActivity(raw: Value): Activity {
  return {
    id: requireNumber(raw, 'id'),
    uri: asText(member(raw, 'uri')) ?? '',
    activityName: requireText(raw, 'activity_name'),
    sbdId: requireText(raw, 'sbd_id'),
    procedureId: asNumber(member(raw, 'procedure_id')) ?? requireNumber(raw, 'pid'),
    prepareOnly: member(raw, 'prepare_only') === true,
    scriptArgs: mapOf(member(raw, 'script_args')),
    history: readHistory(member(raw, 'activity_states')),
    state: requireText(raw, 'state'),
    raw,
  };
}
