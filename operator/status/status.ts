/** The parts of status that each step writes, as merge patches. What the runner and the store know is copied, nothing is decided here. */
import { LIMITS } from '../../crds/constants.ts';
import type { Procedure, ProcedureStatus } from '../../crds/index.ts';
import { losslessStringify } from '../../journal/index.ts';
import type { Run, SourceEntry, Verdict } from '../../journal/types.ts';
import { microTime } from '../../kube/index.ts';
import type { Trouble } from '../decide/types.ts';
import { CAPTURE_DEGRADED, conditionsFor, mergeConditions, type Wanted } from './conditions.ts';

/** State, reason and what follows from them. `now` in ms. */
export function stateStatus(
  procedure: Procedure,
  state: NonNullable<ProcedureStatus['state']>,
  reason: string,
  message: string,
  now: number,
): ProcedureStatus {
  const generation = procedure.metadata.generation ?? 0;
  const short = message.slice(0, LIMITS.message);
  const before = procedure.status.conditions ?? [];
  const over = ['COMPLETE', 'FAILED', 'STOPPED', 'UNKNOWN'].includes(state);
  const degraded = over ? [] : before.filter(({ type }) => type === CAPTURE_DEGRADED);
  const wanted: Wanted[] = [...conditionsFor(state, reason, short), ...degraded];
  return {
    observedGeneration: generation,
    state,
    reason,
    message: short,
    conditions: mergeConditions(before, wanted, generation, microTime(now)),
  };
}

/** The conditions, with what hinders the capture among them or without it. `now` in ms. */
export function degradedStatus(procedure: Procedure, trouble: Trouble | undefined, now: number): ProcedureStatus {
  const before = procedure.status.conditions ?? [];
  const others: Wanted[] = before.filter(({ type }) => type !== CAPTURE_DEGRADED);
  const degraded: Wanted[] = trouble
    ? [
        {
          type: CAPTURE_DEGRADED,
          status: 'True',
          reason: trouble.reason,
          message: trouble.message.slice(0, LIMITS.message),
        },
      ]
    : [];
  const generation = procedure.metadata.generation ?? 0;
  return { conditions: mergeConditions(before, [...others, ...degraded], generation, microTime(now)) };
}

/** The whole of what is left of a run in its resource: no output, but everything that tells how it went. */
export function terminalStatus(procedure: Procedure, run: Run, verdict: Verdict, now: number): ProcedureStatus {
  const { exitCode, signal } = verdict;
  const result = run.result && resultText(run.result);
  const failure = verdict.state === 'FAILED' || verdict.state === 'UNKNOWN' ? failureOf(run, verdict) : undefined;
  return {
    ...stateStatus(procedure, verdict.state, verdict.reason, verdict.message ?? '', now),
    phase: 'Finished',
    history: run.history
      .slice(-LIMITS.history)
      .map(([state, t]) => ({ state: state as NonNullable<ProcedureStatus['state']>, time: microTime(t / 1000) })),
    times: timesOf(run),
    ...(exitCode !== null && { exitCode }),
    ...(signal !== null && { signal }),
    ...(result != null && result.length <= LIMITS.result && { result }),
    ...(failure && { failure }),
    ...sourceStatus(run),
    output: { bytes: run.bytes.stdout + run.bytes.stderr, entries: run.high, complete: run.complete },
  };
}

/** What the runner said that it loaded. Nothing of a runner of version 1, nor before the load. Merged with the `uri` of the claim. */
export function sourceStatus(run: Pick<Run, 'info'> | undefined): Pick<ProcedureStatus, 'source'> {
  const told = run?.info.source as Omit<SourceEntry, 'n' | 't' | 'k'> | undefined;
  return told === undefined ? {} : { source: { ...told } };
}

function timesOf(run: Run): NonNullable<ProcedureStatus['times']> {
  const first = (state: string): string | undefined => {
    const found = run.history.find(([name]) => name === state);
    return found && microTime(found[1] / 1000);
  };
  const times = {
    created: first('CREATING'),
    ready: first('READY'),
    started: first('RUNNING'),
    stopRequested: first('STOPPING'),
  };
  const ended = run.finished === null ? undefined : microTime(run.finished / 1000);
  return Object.fromEntries(Object.entries({ ...times, ended }).filter(([, time]) => time !== undefined));
}

function failureOf(run: Run, verdict: Verdict): NonNullable<ProcedureStatus['failure']> {
  const { failure } = run;
  if (!failure)
    return { type: verdict.reason, message: (verdict.message ?? '').slice(0, LIMITS.message), stage: 'Pod' };
  return {
    type: failure.type.slice(0, 256),
    message: failure.message.slice(0, LIMITS.message),
    stage: failure.phase.charAt(0).toUpperCase() + failure.phase.slice(1),
    // The end of a trace names the fault; the store has the whole.
    stackTrace: failure.stackTrace.slice(-LIMITS.stackTrace),
    frames: failure.frames.slice(-LIMITS.frames).map(({ file, line, function: name, source }) => ({
      file: file.slice(-1024),
      line,
      function: name.slice(0, 256),
      ...(source !== null && { text: source.slice(0, 512) }),
    })),
  };
}

function resultText(result: NonNullable<Run['result']>): string {
  return 'value' in result ? losslessStringify(result.value) : losslessStringify({ repr: result.repr });
}
