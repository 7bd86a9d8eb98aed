/**
 * The operator's judgement: from what was observed to what is to be done now. Pure, total, level-triggered: the same
 * observation gives the same plan, and a plan whose effects are visible is not made again.
 *
 * Invariants (operator/term.test.ts drives random histories through them): one nonce per procedure; `main` is permitted once, in
 * status, before it is started; no pod is made once status.pod is recorded; a terminal state never changes; every
 * unfinished state has a deadline or waits for a person.
 */
import { DEFAULTS } from '../../crds/constants.ts';
import { at, isReady, isScriptPermitted } from './facts.ts';
import { graceSeconds, wantedStop } from './stop.ts';
import { stuck } from './stuck.ts';
import { ATTACH_FORBIDDEN, standing, withTrouble } from './trouble.ts';
import type { Action, Observed, Plan, StopRequest } from './types.ts';
import { foreign } from './versions.ts';
import { disruption, stopped, terminated, verdictOfEnd, verdictOfGonePod, verdictOfPod } from './verdict.ts';

/** Beyond the script's grace: what the runner needs to bring its last output home (design: equal graces let the kubelet kill the runner). */
export const EXTRA_GRACE_SECONDS = 30;
/** A deleted pod that is still there so long after its grace is on a node that does not answer. */
const UNCONFIRMED_AFTER_MS = 60_000;
/** A stop shorter than this leaves no STOPPING in the resource: it would be one more write per run. */
const SHOW_STOPPING_AFTER_MS = 1_000;
/** A runner whose `end` is acknowledged exits at once, and the kubelet tells of it within a second or two: it is waited for so long. */
const EXIT_MS = 10_000;
/**
 * While more containers than this are being started, nodes have better to do than tidying up: an ended pod, which holds neither processor nor
 * memory, stays so long at most. Looked at so often.
 */
const BUSY = 4;
const TIDY_MS = 15_000;
const LOOK_MS = 2_000;
/** The same for the reason of a wait. */
const SHOW_STUCK_AFTER_MS = 1_000;

export function decide(o: Observed, now: number): Plan {
  if (o.procedure?.status.phase === 'Finished') return decideFinished(o, now);
  const { stop, next } = wantedStop(o, now);
  if (o.procedure && !o.procedure.status.claim) return { actions: [{ do: 'claim' }] };
  if (o.run?.finished != null && isTerminal(o.run.state))
    return plan(o.procedure ? [{ do: 'finishStatus' }] : afterDeleted(o), next);
  if (o.run?.end) {
    const due = untilExplained(o, o.run.end.reason, stop);
    return due === undefined || now >= due
      ? finish(verdictOfEnd(o, o.run.end, stop, now))
      : { actions: [], requeueAt: due };
  }
  if (o.pod === undefined) return decideWithoutPod(o, stop, now, next);
  return withTrouble(decideWithPod(o, o.pod, stop, now, next), o, now);
}

/** Terminal in the resource: only the pod is left, for as long as retention says. */
function decideFinished(o: Observed, now: number): Plan {
  if (o.pod === undefined) return { actions: [{ do: 'release' }] };
  if (o.pod.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const seconds = o.procedure?.spec.retention.podSeconds ?? DEFAULTS.podSeconds;
  const ended = o.run?.finished ?? now * 1000;
  const due = ended / 1000 + seconds * 1000;
  if (now < due) return { actions: [], requeueAt: due };
  // The container ends right now: a deletion that comes first has the kubelet signal it, for 30 ms of processor time more.
  const patience = hasEnded(o.pod) ? ((o.starting ?? 0) > BUSY ? TIDY_MS : 0) : EXIT_MS;
  if (now < ended / 1000 + patience)
    return { actions: [], requeueAt: Math.min(ended / 1000 + patience, now + LOOK_MS) };
  return { actions: [{ do: 'deletePod', pod: o.pod, graceSeconds: EXTRA_GRACE_SECONDS, reason: 'Retention' }] };
}

function decideWithoutPod(o: Observed, stop: StopRequest | undefined, now: number, next: number | undefined): Plan {
  const { procedure } = o;
  // A pod that was there and is gone is never replaced, even before it was recorded: entries of two pods would mix in one journal.
  if (o.gonePod !== undefined) return finish(verdictOfGonePod(o, stop, now));
  if (procedure === undefined) return { actions: [{ do: 'release' }] };
  if (procedure.status.pod !== undefined) return { actions: [], requeueAt: now + 1_000 }; // recorded, not seen yet: the pods' watch will tell
  const base = { t: now * 1000, exitCode: null, signal: null };
  if (stop) {
    const waited = stop.reason === 'deadline' ? o.createFailure : undefined;
    return finish({
      ...base,
      ...(waited ? { state: 'FAILED', reason: waited.reason, message: waited.message } : stopped(stop)),
    });
  }
  const failure = o.createFailure;
  if (failure?.final === true)
    return finish({ ...base, state: 'FAILED', reason: failure.reason, message: failure.message });
  if (failure && now < failure.retryAt) {
    const shown = procedure.status.reason === failure.reason;
    const note: Action[] =
      shown || now - failure.since < SHOW_STUCK_AFTER_MS
        ? []
        : [{ do: 'note', state: 'CREATING', reason: failure.reason, message: failure.message }];
    return plan(note, Math.min(failure.retryAt, next ?? Infinity));
  }
  if (o.inLine === true) return plan([], next);
  return { actions: [{ do: 'createPod' }], ...(next !== undefined && { requeueAt: next }) };
}

function decideWithPod(
  o: Observed,
  pod: NonNullable<Observed['pod']>,
  stop: StopRequest | undefined,
  now: number,
  next: number | undefined,
): Plan {
  if (hasEnded(pod)) {
    if (o.capture.drained || isRefused(o, pod)) return finish(verdictOfPod(o, pod, stop, now));
    // By our own clock: an operator that comes back after hours has not tried to read the log yet.
    const ended = o.capture.overSince ?? at(terminated(pod)?.finishedAt) ?? lastChange(pod) ?? now;
    if (now < ended + o.settings.drainMs) return { actions: [], requeueAt: ended + o.settings.drainMs };
    return finish(verdictOfPod(o, pod, stop, now));
  }
  if (o.procedure === undefined || o.procedure.metadata.deletionTimestamp !== undefined)
    return decideDeleted(o, pod, now);
  if (stop) return decideStop(o, pod, stop, now);
  if (pod.metadata.deletionTimestamp !== undefined) return decideUnconfirmed(o, pod, now); // somebody deleted it; the runner will say `end`
  const unspoken = foreign(o);
  if (unspoken) return decideForeign(o, unspoken, pod, now);
  if (!isScriptPermitted(o)) {
    const { hello } = o.capture;
    // The log alone brings a hello, too; a permit that cannot be delivered would only hide what is waited for.
    if (!hello || o.capture.trouble?.reason === ATTACH_FORBIDDEN) return decideWaiting(o, pod, now, next);
    if (o.scriptFailure?.final === true) return failAndDelete(o.scriptFailure, pod, now);
    if (o.scriptFailure && now < o.scriptFailure.retryAt) {
      if (now - o.scriptFailure.since > o.settings.toleranceMs) return failAndDelete(o.scriptFailure, pod, now);
      return plan([], Math.min(o.scriptFailure.retryAt, next ?? Infinity));
    }
    return plan([{ do: 'permit', nonce: hello.nonce, pod }], next);
  }
  return decidePermitted(o, pod, now, next);
}

/** A pod that this operator cannot drive. Where a script may be running in it, it gets its grace: SIGTERM needs no protocol. */
function decideForeign(
  o: Observed,
  why: { reason: string; message: string },
  pod: NonNullable<Observed['pod']>,
  now: number,
): Plan {
  if (!isScriptPermitted(o)) return failAndDelete(why, pod, now);
  const grace = graceSeconds(o) + EXTRA_GRACE_SECONDS;
  return { actions: [{ do: 'deletePod', pod, graceSeconds: grace, reason: why.reason }] };
}

/** The nonce is permitted: prepare, tell READY, permit and start main. */
function decidePermitted(o: Observed, pod: NonNullable<Observed['pod']>, now: number, next: number | undefined): Plan {
  const { procedure, capture, run } = o;
  const permit = procedure?.status.permit;
  if (capture.hello && capture.hello.nonce !== permit?.nonce)
    return failAndDelete(
      { reason: 'RunnerRestarted', message: 'the container answers with another nonce than the permitted one' },
      pod,
      now,
    );
  const answers = [capture.prepare?.answer, capture.start?.answer];
  // `not-ready` is asked again, and after `stopped` the runner's `end` is on its way.
  const refused = answers.find(
    (answer) => answer?.ok === false && answer.code !== 'not-ready' && answer.code !== 'stopped',
  );
  if (refused) {
    const message = `the runner refused a command: ${refused.code ?? ''} ${refused.message ?? ''}`;
    return failAndDelete({ reason: 'CommandRefused', message }, pod, now);
  }
  if (permit?.mainTime !== undefined) {
    if (run?.history.some(([state]) => state === 'RUNNING')) return plan([], next);
    const { start } = capture;
    if (start && start.answer?.code !== 'not-ready') return plan([], next); // on its way
    return plan(capture.prepare || isReady(o) ? [{ do: 'start' }] : [{ do: 'prepare' }, { do: 'start' }], next);
  }
  if (!isReady(o)) return plan(capture.prepare ? [] : [{ do: 'prepare' }], next);
  const wanted = procedure?.spec.startPolicy === 'Automatic' || procedure?.spec.start !== undefined;
  const shown = procedure?.status.state === 'READY';
  if (!wanted) return plan(shown ? [] : [{ do: 'ready', main: false }], next);
  if (o.heldBy === undefined) return plan([{ do: 'ready', main: true }, { do: 'start' }], next);
  if (shown && procedure.status.reason === 'WaitingForExclusive') return plan([], next);
  const message = `${o.heldBy} holds the exclusivity key ${procedure.spec.exclusive ?? ''}`;
  return plan([{ do: 'ready', main: false, reason: 'WaitingForExclusive', message }], next);
}

/**
 * A SIGTERM that nobody here asked for is explained by the pod's status or by its deletion. The kubelet writes why it ends a
 * pod only once the containers have ended; how long that is waited for, ms, or undefined where there is nothing to wait for.
 */
function untilExplained(o: Observed, reason: string, stop: StopRequest | undefined): number | undefined {
  const { procedure, pod, capture } = o;
  if (reason !== 'External' || stop || procedure === undefined || pod === undefined) return undefined;
  const deleted = procedure.metadata.deletionTimestamp ?? pod.metadata.deletionTimestamp;
  if (deleted !== undefined || disruption(pod) || isOver(pod) || capture.endSince === undefined) return undefined;
  return capture.endSince + o.settings.drainMs;
}

/** Before the bootstrap's hello: the pod is being scheduled, pulled, started; or it cannot be. */
function decideWaiting(o: Observed, pod: NonNullable<Observed['pod']>, now: number, next: number | undefined): Plan {
  const why = stuck(pod) ?? unheard(o, now);
  if (!why) return plan([], next);
  const since = at(pod.metadata.creationTimestamp) ?? now;
  if (!why.mayPass) return failAndDelete(why, pod, now);
  const limit = why.untilDeadline ? Infinity : since + o.settings.toleranceMs;
  if (now >= limit) return failAndDelete(why, pod, now);
  const due = since + SHOW_STUCK_AFTER_MS;
  if (o.procedure?.status.reason === why.reason) return plan([], Math.min(limit, next ?? Infinity));
  if (now < due) return plan([], Math.min(due, next ?? Infinity));
  return plan(
    [{ do: 'note', state: 'CREATING', reason: why.reason, message: why.message }],
    Math.min(limit, next ?? Infinity),
  );
}

/** A bootstrap that cannot be reached: waited for until prepareSeconds, since somebody may grant the right. */
function unheard(o: Observed, now: number): ReturnType<typeof stuck> {
  const { trouble } = standing(o, now);
  return trouble && { reason: trouble.reason, message: trouble.message, mayPass: true, untilDeadline: true };
}

/** Stop: the word over stdin first, the deletion of the pod right behind it, so that the kubelet enforces the end without us. */
function decideStop(o: Observed, pod: NonNullable<Observed['pod']>, stop: StopRequest, now: number): Plan {
  const actions: Action[] = [];
  const deleted = pod.metadata.deletionTimestamp !== undefined;
  let requeueAt: number | undefined;
  if (!isScriptPermitted(o)) {
    // Nothing was loaded, nothing needs a grace.
    const why = stop.reason === 'deadline' ? (stuck(pod) ?? unheard(o, now)) : undefined;
    if (why) return failAndDelete(why, pod, now);
    return deleted
      ? decideUnconfirmed(o, pod, now)
      : { actions: [{ do: 'deletePod', pod, graceSeconds: 1, reason: 'Stopped' }] };
  }
  const sent = o.capture.stop;
  if (sent?.mode !== stop.mode) actions.push({ do: 'stop', stop });
  const since = sent?.since ?? now;
  if (!deleted) {
    const due = since + o.settings.stopAnswerMs;
    if (sent?.answer || now >= due)
      actions.push({ do: 'deletePod', pod, graceSeconds: stop.graceSeconds + EXTRA_GRACE_SECONDS, reason: 'Stopped' });
    else requeueAt = due;
  }
  const show = since + SHOW_STOPPING_AFTER_MS;
  const state = o.procedure?.status.state;
  if (state !== 'STOPPING' && state !== 'UNKNOWN') {
    if (now >= show) actions.push({ do: 'note', state: 'STOPPING', reason: 'Stopping', message: stop.message });
    else requeueAt = Math.min(show, requeueAt ?? Infinity);
  }
  if (deleted && actions.length === 0) return decideUnconfirmed(o, pod, now, requeueAt);
  return { actions, ...(requeueAt !== undefined && { requeueAt }) };
}

/** The procedure is deleted: its pod follows by garbage collection or by us, the capture goes on to the end. */
function decideDeleted(o: Observed, pod: NonNullable<Observed['pod']>, now: number): Plan {
  if (pod.metadata.deletionTimestamp !== undefined) return { actions: [], requeueAt: now + UNCONFIRMED_AFTER_MS };
  return {
    actions: [
      { do: 'deletePod', pod, graceSeconds: graceSeconds(o) + EXTRA_GRACE_SECONDS, reason: 'ProcedureDeleted' },
    ],
  };
}

/** A deleted pod that does not go: its node is lost, and its script may run on. Said, not assumed away. */
function decideUnconfirmed(o: Observed, pod: NonNullable<Observed['pod']>, now: number, earlier?: number): Plan {
  // deletionTimestamp is the time by which the grace is over.
  const due = (at(pod.metadata.deletionTimestamp) ?? now) + UNCONFIRMED_AFTER_MS;
  if (now < due) return { actions: [], requeueAt: Math.min(due, earlier ?? Infinity) };
  if (o.procedure?.status.state === 'UNKNOWN') return { actions: [] };
  const message = `the pod was deleted and did not go within its grace and ${UNCONFIRMED_AFTER_MS / 1000} s: its node does not answer`;
  return { actions: [{ do: 'note', state: 'UNKNOWN', reason: 'TerminationNotConfirmed', message }] };
}

function afterDeleted(o: Observed): Action[] {
  if (o.pod === undefined) return [{ do: 'release' }];
  return o.pod.metadata.deletionTimestamp === undefined
    ? [{ do: 'deletePod', pod: o.pod, graceSeconds: EXTRA_GRACE_SECONDS, reason: 'ProcedureDeleted' }]
    : [];
}

function failAndDelete(why: { reason: string; message: string }, pod: NonNullable<Observed['pod']>, now: number): Plan {
  const verdict = {
    state: 'FAILED',
    t: now * 1000,
    reason: why.reason,
    message: why.message,
    exitCode: null,
    signal: null,
  } as const;
  const gone = pod.metadata.deletionTimestamp !== undefined;
  return {
    actions: [
      ...(gone ? [] : [{ do: 'deletePod', pod, graceSeconds: 1, reason: why.reason } as const]),
      { do: 'finish', verdict },
      { do: 'finishStatus' },
    ],
  };
}

function finish(verdict: Extract<Action, { do: 'finish' }>['verdict']): Plan {
  return { actions: [{ do: 'finish', verdict }, { do: 'finishStatus' }] };
}

function hasEnded(pod: NonNullable<Observed['pod']>): boolean {
  return terminated(pod) !== undefined || isOver(pod);
}

/** Its node took the pod and would not run it: no container was made, so there is no log to wait for. */
function isRefused(o: Observed, pod: NonNullable<Observed['pod']>): boolean {
  const state = pod.status?.containerStatuses?.find(({ name }) => name === 'main')?.state;
  return isOver(pod) && !state?.running && !state?.terminated && !o.capture.hello && (o.run?.high ?? 0) === 0;
}

/** ms. The kubelet writes the end of a pod into its conditions, too. */
function lastChange(pod: NonNullable<Observed['pod']>): number | undefined {
  const times = (pod.status?.conditions ?? []).flatMap(({ lastTransitionTime }) => at(lastTransitionTime) ?? []);
  return times.length > 0 ? Math.max(...times) : at(pod.metadata.creationTimestamp);
}

function isOver(pod: NonNullable<Observed['pod']>): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

function isTerminal(state: string): boolean {
  return ['COMPLETE', 'FAILED', 'STOPPED', 'UNKNOWN'].includes(state);
}

/** A plan that looks again at the next deadline, if there is one. */
function plan(actions: readonly Action[], requeueAt: number | undefined): Plan {
  return requeueAt === undefined || requeueAt === Infinity ? { actions } : { actions, requeueAt };
}
