import { FINAL_STATES } from '../../crds/index.ts';
import type { ProcedureScript } from '../../crds/index.ts';
import type { Run } from '../../journal/types.ts';
import { JsonError, parseJson } from '../json/parse.ts';
import { isObject } from '../json/raw.ts';
import { NO_ARGUMENTS } from '../requests/procedures.ts';
import type { StoredProcedure } from '../ports.ts';
import type { ScriptView } from '../requests/script.ts';
import { argumentText, createdOf, idOf, mainArguments, scriptOf, viewOf } from './resource.ts';

/** Arguments as a summary shows them. */
interface ArgumentsView {
  readonly args: unknown;
  readonly kwargs: unknown;
}

/** A ProcedureSummary without its `uri`, which depends on how the client reached us. */
export interface Summary {
  readonly id: number;
  readonly state: string;
  readonly script: ScriptView;
  readonly script_args: { readonly init: ArgumentsView; readonly main?: ArgumentsView };
  readonly history: {
    /** Times in seconds since the epoch. */
    readonly process_states: readonly (readonly [state: string, time: number])[];
    readonly stacktrace: string | null;
  };
  /** Beyond upstream: where to find it with kubectl, and how it ended. */
  readonly name: string;
  readonly namespace: string;
  readonly reason?: string;
  readonly message?: string;
  readonly exit_code?: number;
  readonly signal?: number;
  readonly result?: unknown;
  readonly failure?: { readonly type: string; readonly message: string };
  /** What was loaded, once that is known; `script` stays what was asked for. */
  readonly source?: Source;
}

/** A script's digest and, of a git script, its commit in full. */
interface Source {
  readonly sha256: string;
  readonly commit?: string;
}

type Loaded = { readonly [field in keyof Source]?: string | undefined };

type History = readonly (readonly [state: string, t: number])[];

/** What the operator notes of a run when it takes it up. */
interface RunInfo {
  readonly script?: ProcedureScript;
  readonly environment?: { readonly create?: boolean };
  readonly initArgsJSON?: string;
  readonly mainArgsJSON?: string;
  readonly source?: Loaded;
}

/** What tells of one procedure: its resource, what the store has of its run, or both. */
export interface Sources {
  readonly procedure?: StoredProcedure | undefined;
  readonly run?: Run | undefined;
}

/**
 * The summary of a procedure, at the latest moment that either source knows. The store is ahead of the resource; a resource
 * stands alone before its run is opened, or when it ended and the store was lost.
 */
export function summarise({ procedure, run }: Sources): Summary {
  if (run) return ofRun(run, run.history, procedure);
  if (procedure) return ofResource(procedure);
  throw new TypeError('a summary needs a source');
}

/** The summary as it was when the run had just reached `history.at(-1)`. The resource tells only what never changes. */
export function summaryAt(run: Run, history: History, procedure: StoredProcedure | undefined): Summary {
  const summary = ofRun(run, history, undefined);
  return procedure ? { ...summary, script: scriptOf(procedure) } : summary;
}

/** Whether nothing will change any more. */
export function isOver({ procedure, run }: Sources): boolean {
  if (run) return run.finished !== null;
  return procedure?.status.phase === 'Finished';
}

function ofRun(run: Run, history: History, procedure: StoredProcedure | undefined): Summary {
  const info = run.info as RunInfo;
  const states = history.length > 0 ? history : ([['CREATING', run.created]] as const);
  const state = states.at(-1)?.[0] ?? run.state;
  const started = states.some(([name]) => name === 'RUNNING');
  const main = started
    ? (info.mainArgsJSON ?? (procedure && startedWith(procedure)))
    : procedure && requestedMain(procedure);
  const over = isFinal(state);
  // The operator's verdict, not the runner's `end`: it knows who asked for the end, and whether the node took the pod away.
  const verdict = over ? run.verdict : null;
  return {
    id: run.id,
    state,
    script: procedure ? scriptOf(procedure) : viewOf({ script: {}, ...info }, run.name),
    script_args: {
      init: argumentsView(procedure ? argumentText(procedure.spec.init) : info.initArgsJSON),
      ...(main === undefined ? {} : { main: argumentsView(main) }),
    },
    history: {
      process_states: seconds(states),
      stacktrace: over ? (run.failure?.stackTrace ?? null) : null,
    },
    name: run.name,
    namespace: run.namespace,
    // What hinders it is in the resource alone, which may be behind.
    ...reasonOf(over ? verdict : procedure?.status.state === state ? procedure.status : null),
    ...(typeof verdict?.exitCode === 'number' ? { exit_code: verdict.exitCode } : {}),
    ...(typeof verdict?.signal === 'number' ? { signal: verdict.signal } : {}),
    ...(over && run.result ? { result: run.result.value ?? run.result.repr ?? null } : {}),
    ...(over && run.failure ? { failure: { type: run.failure.type, message: run.failure.message } } : {}),
    ...sourceOf(info.source),
  };
}

function ofResource(procedure: StoredProcedure): Summary {
  const { status, spec, metadata } = procedure;
  const created = createdOf(procedure);
  const states: (readonly [string, number])[] = (status.history ?? []).map(
    ({ state, time }) => [state, micros(time)] as const,
  );
  if (states.length === 0) states.push(['CREATING', created]);
  if (status.state !== undefined && states.at(-1)?.[0] !== status.state) {
    states.push([
      status.state,
      status.times?.ended === undefined ? (states.at(-1)?.[1] ?? created) : micros(status.times.ended),
    ]);
  }
  const state = states.at(-1)?.[0] ?? 'CREATING';
  const started = states.some(([name]) => name === 'RUNNING');
  const main = started ? startedWith(procedure) : requestedMain(procedure);
  const { failure } = status;
  return {
    id: idOf(procedure) ?? 0,
    state,
    script: scriptOf(procedure),
    script_args: {
      init: argumentsView(argumentText(spec.init)),
      ...(main === undefined ? {} : { main: argumentsView(main) }),
    },
    history: { process_states: seconds(states), stacktrace: isFinal(state) ? (failure?.stackTrace ?? null) : null },
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    ...reasonOf(status),
    ...(status.exitCode === undefined ? {} : { exit_code: status.exitCode }),
    ...(status.signal === undefined ? {} : { signal: status.signal }),
    ...(status.result === undefined ? {} : { result: parsed(status.result) }),
    ...(failure ? { failure: { type: failure.type ?? '', message: failure.message ?? '' } } : {}),
    ...sourceOf(status.source),
  };
}

/** Nothing before the script was loaded, and of a run that was prepared by an older operator. */
function sourceOf({ sha256, commit }: Loaded = {}): { source?: Source } {
  return sha256 === undefined ? {} : { source: { sha256, ...(commit === undefined ? {} : { commit }) } };
}

interface Why {
  readonly reason?: string | undefined;
  readonly message?: string | null | undefined;
}

function reasonOf(why: Why | null): { reason?: string; message?: string } {
  const { reason, message } = why ?? {};
  return { ...(reason === undefined ? {} : { reason }), ...(message ? { message } : {}) };
}

/** Arguments that `main` runs with, once it does. */
const startedWith = ({ spec }: StoredProcedure): string => argumentText(mainArguments(spec));

/** Arguments of `main` once somebody has asked for its start. */
const requestedMain = (procedure: StoredProcedure): string | undefined =>
  procedure.spec.start ? startedWith(procedure) : undefined;

function isFinal(state: string): boolean {
  return FINAL_STATES.some((name) => name === state);
}

const seconds = (history: History): readonly (readonly [string, number])[] =>
  history.map(([state, t]) => [state, t / 1_000_000] as const);

function argumentsView(text: string = NO_ARGUMENTS): ArgumentsView {
  const value = parsed(text);
  const { args = [], kwargs = {} } = isObject(value) ? value : {};
  return { args, kwargs };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text).value;
  } catch (error) {
    if (error instanceof JsonError) return text; // not written by us: shown as it is
    throw error;
  }
}

/** An RFC 3339 time in microseconds since the epoch; Date knows milliseconds only. */
function micros(time: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? [];
  const whole = Date.parse(time.replace(/\.\d+/, ''));
  return whole * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}
