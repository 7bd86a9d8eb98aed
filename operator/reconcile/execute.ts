/** Carries a plan's actions out: the only place of the operator that writes to the API server, to the store and to runners. */
import type { Procedure, ProcedureStatus } from '../../crds/index.ts';
import { Fenced, UnknownRun } from '../../journal/index.ts';
import type { JournalStore, Verdict } from '../../journal/types.ts';
import type { Clock, EventInput, Pod, Resource } from '../../kube/index.ts';
import { isConflict, isNotFound, KubeError, microTime } from '../../kube/index.ts';
import type { Log } from '../capture/ports.ts';
import { STORE_UNAVAILABLE } from '../decide/trouble.ts';
import type { Action, Observed, StepFailure, StopRequest, Trouble } from '../decide/types.ts';
import { versionOf } from '../decide/versions.ts';
import { argumentsJSON, mainArgumentsJSON } from '../pod/arguments.ts';
import { buildPod, type PodSettings } from '../pod/build.ts';
import { prepareMessage } from '../pod/prepare.ts';
import { findScript, scriptUri, ScriptUnavailable, type FoundScript, type ScriptPorts } from '../pod/script.ts';
import { degradedStatus, sourceStatus, stateStatus, terminalStatus } from '../status/status.ts';
import type { Captures } from './captures.ts';
import { claimOf, openRun, type ClaimPorts } from './claim.ts';
import { createPod } from './create-pod.ts';
import type { Exclusivity } from './exclusivity.ts';
import type { ClusterView, LiveProcedure } from './view.ts';

export interface ExecutePorts {
  readonly view: ClusterView;
  readonly procedures: Resource<Procedure>;
  readonly pods: Resource<Pod>;
  readonly store: JournalStore;
  readonly ids: ClaimPorts['ids'];
  readonly captures: Captures;
  readonly exclusivity: Exclusivity;
  readonly failures: { create: Map<string, StepFailure>; script: Map<string, StepFailure> };
  readonly scripts: ScriptPorts;
  readonly runner: { readonly source: string; readonly sha256: string };
  readonly podSettings: PodSettings;
  readonly record: (object: LiveProcedure, input: EventInput) => void;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Forgets all that is held in memory for a run. */
  readonly release: (uid: string) => void;
}

/** Not a failure: what was wanted has been done, and a GitOps tool that applies it again is to find it well. */
function alreadyExecuted(key: string, now: number): Verdict {
  const message = `the execution key ${key} was used before: it is not run again`;
  return { state: 'STOPPED', t: now * 1000, reason: 'AlreadyExecuted', message, exitCode: null, signal: null };
}

type ResourceAction = Exclude<Action, { do: 'deletePod' | 'finish' | 'finishStatus' | 'release' }>;

const CREATE_RETRY_MS = [5_000, 10_000, 20_000, 40_000, 60_000] as const;
const SCRIPT_RETRY_MS = 1_000;

export class Executor {
  readonly #ports: ExecutePorts;
  readonly #scripts = new Map<string, FoundScript>();

  constructor(ports: ExecutePorts) {
    this.#ports = ports;
  }

  /** Does one action of a plan made from `o`. Throws KubeError or the store's errors: the caller's queue tries again. */
  async execute(action: Action, o: Observed): Promise<void> {
    const procedure = this.#ports.view.procedure(o.uid);
    switch (action.do) {
      case 'deletePod':
        return this.#deletePod(o.uid, action.pod, action.graceSeconds);
      case 'finish':
        return this.#finish(o.uid, action.verdict);
      case 'finishStatus':
        return this.#finishStatus(o.uid, procedure);
      case 'release':
        this.#scripts.delete(o.uid);
        this.#ports.release(o.uid);
        return;
      default:
        // The rest is about the resource; a procedure that went meanwhile is decided upon anew.
        if (procedure) await this.#progress(procedure, action, o);
    }
  }

  async #progress(procedure: LiveProcedure, action: ResourceAction, o: Observed): Promise<void> {
    switch (action.do) {
      case 'claim':
        return this.#claim(procedure);
      case 'createPod':
        return this.#createPod(procedure);
      case 'permit':
        return this.#permit(procedure, action.nonce, action.pod, versionOf(o));
      case 'prepare':
        return this.#prepare(procedure, versionOf(o));
      case 'ready':
        return this.#ready(procedure, action, o.run);
      case 'start':
        this.#start(procedure);
        return;
      case 'stop':
        this.#stop(procedure, action.stop);
        return;
      case 'note':
        return this.#note(procedure, action);
      case 'degraded':
        return this.#degraded(procedure, action.trouble);
    }
  }

  async #claim(procedure: LiveProcedure): Promise<void> {
    const { store, ids, holder, clock } = this.#ports;
    const id = await openRun(procedure, { store, ids }).catch(async (error: unknown) => {
      await this.#storeFailed(procedure, error);
      throw error;
    });
    const now = clock.now();
    const { uid, namespace = '' } = procedure.metadata;
    const { executionKey } = procedure.spec;
    // Before the claim: a verdict that is in the store when the claim is written keeps the run from ever getting a pod.
    if (executionKey !== undefined && (await store.claimExecution(namespace, executionKey, uid)) !== uid)
      await store.finish(uid, alreadyExecuted(executionKey, now));
    await this.#patch(
      procedure,
      {
        ...stateStatus(procedure, 'CREATING', 'Claimed', 'taken up by the operator', now),
        phase: 'Active',
        id,
        claim: claimOf(procedure, holder, now),
        source: { uri: scriptUri(procedure) },
      },
      true,
    );
  }

  /** What keeps a run from being taken up is told on its resource, once. */
  async #storeFailed(procedure: LiveProcedure, error: unknown): Promise<void> {
    if (error instanceof KubeError || error instanceof Fenced || procedure.status.reason === STORE_UNAVAILABLE) return;
    const message = error instanceof Error ? error.message : String(error);
    const now = this.#ports.clock.now();
    await this.#patch(procedure, stateStatus(procedure, 'CREATING', STORE_UNAVAILABLE, message, now), false);
  }

  async #createPod(procedure: LiveProcedure): Promise<void> {
    const { pods, view, failures, clock, podSettings } = this.#ports;
    const { uid } = procedure.metadata;
    const created = await createPod(pods, buildPod(procedure, podSettings), uid);
    if ('pod' in created) {
      failures.create.delete(uid);
      view.setPod(created.pod);
      return;
    }
    const before = failures.create.get(uid);
    const now = clock.now();
    const same = before?.reason === created.failure.reason ? before : undefined;
    const since = same?.since ?? now;
    const step = CREATE_RETRY_MS.find((ms) => now - since < ms * 2) ?? 60_000;
    failures.create.set(uid, { ...created.failure, since, retryAt: now + step });
    if (!same)
      this.#ports.record(procedure, {
        type: 'Warning',
        reason: created.failure.reason,
        action: 'CreatePod',
        note: created.failure.message,
      });
  }

  async #permit(procedure: LiveProcedure, nonce: string, pod: Pod, version: number | undefined): Promise<void> {
    const { clock } = this.#ports;
    const found = version === undefined ? undefined : await this.#script(procedure, version);
    if (!found) return;
    const { name = '', uid = '' } = pod.metadata;
    const now = clock.now();
    await this.#patch(
      procedure,
      {
        ...stateStatus(procedure, 'LOADING', 'Preparing', 'the script is being loaded', now),
        pod: { name, uid, ...(pod.spec.nodeName !== undefined && { node: pod.spec.nodeName }) },
        permit: { nonce, initTime: microTime(now) },
        source: { uri: found.message.uri, ...(found.sha256 !== undefined && { sha256: found.sha256 }) },
      },
      true,
    );
    const permitted = this.#ports.view.procedure(procedure.metadata.uid);
    if (permitted) await this.#prepare(permitted, version);
  }

  /** Waits for the version: the hello that tells it is on its way again. */
  async #prepare(procedure: LiveProcedure, version: number | undefined): Promise<void> {
    const { uid } = procedure.metadata;
    const nonce = procedure.status.permit?.nonce;
    if (nonce === undefined || version === undefined) return;
    const found = await this.#script(procedure, version);
    if (!found) return;
    const argsJSON = argumentsJSON(procedure.spec.init);
    this.#ports.captures
      .get(uid)
      ?.prepare(nonce, this.#ports.runner, prepareMessage(procedure, found.message, argsJSON));
  }

  /** The script, looked up once per run; what is missing is told to the decision. */
  async #script(procedure: LiveProcedure, version: number): Promise<FoundScript | undefined> {
    const { failures, clock, scripts } = this.#ports;
    const { uid } = procedure.metadata;
    const known = this.#scripts.get(uid);
    if (known) return known;
    try {
      const found = await findScript(procedure, scripts, version);
      const recorded = procedure.status.source?.sha256;
      if (recorded !== undefined && found.sha256 !== recorded)
        throw new ScriptUnavailable('ScriptChanged', 'the script is not the one that was recorded for this run', true);
      failures.script.delete(uid);
      this.#scripts.set(uid, found);
      return found;
    } catch (error) {
      if (!(error instanceof ScriptUnavailable)) throw error;
      const now = clock.now();
      const since = failures.script.get(uid)?.since ?? now;
      failures.script.set(uid, {
        reason: error.reason,
        message: error.message,
        since,
        retryAt: now + SCRIPT_RETRY_MS,
        final: error.final,
      });
      return undefined;
    }
  }

  async #ready(
    procedure: LiveProcedure,
    action: Extract<Action, { do: 'ready' }>,
    run: Observed['run'],
  ): Promise<void> {
    const { clock, exclusivity, store } = this.#ports;
    const { uid } = procedure.metadata;
    const { exclusive } = procedure.spec;
    const now = clock.now();
    if (!action.main) {
      if (exclusive !== undefined && action.reason === 'WaitingForExclusive') exclusivity.wait(exclusive, uid);
      const message = action.message ?? 'prepared; waiting for its start';
      const status = stateStatus(procedure, 'READY', action.reason ?? 'Ready', message, now);
      return this.#patch(procedure, { ...status, ...sourceStatus(run) }, false);
    }
    // Taken before the write, so that no other worker can take it meanwhile; decided again if somebody was faster.
    if (exclusive !== undefined && !exclusivity.take(exclusive, uid)) return;
    const nonce = procedure.status.permit?.nonce;
    if (nonce === undefined) return;
    await this.#patch(
      procedure,
      {
        ...stateStatus(procedure, 'RUNNING', 'Running', 'main was permitted', now),
        ...sourceStatus(run),
        permit: { nonce, mainTime: microTime(now) },
      },
      true,
    );
    await store.updateInfo(uid, { mainArgsJSON: mainArgumentsJSON(procedure.spec) });
  }

  #start(procedure: LiveProcedure): void {
    const permit = procedure.status.permit;
    // The permit is in status, or nothing is started: the one rule that keeps main at most once.
    if (permit?.mainTime === undefined) return;
    this.#ports.captures.get(procedure.metadata.uid)?.main(permit.nonce, mainArgumentsJSON(procedure.spec));
  }

  #stop(procedure: LiveProcedure, stop: StopRequest): void {
    const nonce = procedure.status.permit?.nonce;
    if (nonce !== undefined) this.#ports.captures.get(procedure.metadata.uid)?.stop(nonce, stop);
  }

  async #deletePod(uid: string, pod: Pod, graceSeconds: number): Promise<void> {
    const { pods, view, clock } = this.#ports;
    const { name = '', uid: podUid } = pod.metadata;
    try {
      await pods.delete(name, { ...(podUid !== undefined && { uid: podUid }), gracePeriodSeconds: graceSeconds });
      view.markPodDeleting(uid, clock.now() + graceSeconds * 1000);
    } catch (error) {
      // A conflict is another pod's uid under this name: ours is gone as well.
      if (!isNotFound(error) && !isConflict(error)) throw error;
      view.setPodGone(uid, 'unseen');
    }
  }

  async #note(procedure: LiveProcedure, action: Extract<Action, { do: 'note' }>): Promise<void> {
    await this.#patch(
      procedure,
      stateStatus(procedure, action.state, action.reason, action.message, this.#ports.clock.now()),
      false,
    );
    if (action.state !== 'STOPPING')
      this.#ports.record(procedure, {
        type: 'Warning',
        reason: action.reason,
        action: 'Wait',
        note: action.message,
      });
  }

  async #degraded(procedure: LiveProcedure, trouble: Trouble | undefined): Promise<void> {
    await this.#patch(procedure, degradedStatus(procedure, trouble, this.#ports.clock.now()), false);
    if (trouble)
      this.#ports.record(procedure, {
        type: 'Warning',
        reason: trouble.reason,
        action: 'Capture',
        note: trouble.message,
      });
  }

  async #finish(uid: string, verdict: Verdict): Promise<void> {
    try {
      await this.#ports.store.finish(uid, verdict);
    } catch (error) {
      if (!(error instanceof UnknownRun)) throw error;
      this.#ports.log.warn({ uid, verdict }, 'a run that is not in the store has ended');
    }
  }

  async #finishStatus(uid: string, procedure: LiveProcedure | undefined): Promise<void> {
    const { store, clock, record } = this.#ports;
    if (!procedure) return store.markDeleted(uid);
    const run = await store.run(uid);
    if (!run?.verdict) return;
    const { verdict } = run;
    await this.#patch(procedure, terminalStatus(procedure, run, verdict, clock.now()), false);
    const { state } = verdict;
    const type = state === 'COMPLETE' || state === 'STOPPED' ? 'Normal' : 'Warning';
    record(procedure, {
      type,
      reason: verdict.reason,
      action: 'Finish',
      note: `${state}: ${verdict.message ?? verdict.reason}`,
    });
  }

  /** Writes status and remembers the answer, which is newer than what the watch has told. A gone procedure is no error. */
  async #patch(procedure: LiveProcedure, status: ProcedureStatus, exact: boolean): Promise<void> {
    const { procedures, view } = this.#ports;
    const { name, uid, resourceVersion } = procedure.metadata;
    try {
      const metadata = exact ? { uid, resourceVersion } : { uid };
      view.setProcedure(await procedures.mergePatch(name, { metadata, status }, { subresource: 'status' }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      view.removeProcedure(uid);
    }
  }
}
