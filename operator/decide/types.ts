/** What a decision is made from, and what comes out of it. Plain data on both sides. */
import type { Procedure } from '../../crds/index.ts';
import type { Run, Verdict } from '../../journal/types.ts';
import type { Pod } from '../../kube/index.ts';

/** A command on its way to the runner, as the capture sees it. */
export interface CommandView {
  /** When it was first asked for, ms. */
  readonly since: number;
  readonly answer?: { readonly ok: boolean; readonly code?: string; readonly message?: string };
}

/** Something that hinders a capture and may pass: the run goes on meanwhile. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
  /** ms. */
  readonly since: number;
}

/** What the run's capture knows beyond the store. */
export interface CaptureView {
  /** When this operator began it, ms. */
  readonly since?: number;
  readonly hello?: { readonly nonce: string; readonly v: number; readonly undumpable: boolean };
  readonly prepare?: CommandView;
  readonly start?: CommandView;
  readonly stop?: CommandView & { readonly mode: string };
  /** The container is known to have ended and its log was read to the end after that, or cannot be read any more. */
  readonly drained: boolean;
  /** What hinders it now. */
  readonly trouble?: Trouble;
  /** When `end` was stored, or found in the store, ms. */
  readonly endSince?: number;
  /** When this operator's capture learned that the container has ended, ms: its log is read from then on, however long ago the end was. */
  readonly overSince?: number;
}

/** The last failure of a step that is tried again. */
export interface StepFailure {
  readonly reason: string;
  readonly message: string;
  /** First of an unbroken row of them, ms. */
  readonly since: number;
  /** Not before this time again, ms. */
  readonly retryAt: number;
  /** Trying again cannot help. */
  readonly final: boolean;
}

export interface Settings {
  /** A reason in which waiting may help (image pull, missing ConfigMap) ends the run after this long, ms. */
  readonly toleranceMs: number;
  /** How long a `stop` may take to be answered before the pod is deleted all the same, ms. */
  readonly stopAnswerMs: number;
  /** How long after a container's end its log is tried, and how long an operator that took a run over listens before it judges by a deadline, ms. */
  readonly drainMs: number;
}

export interface Observed {
  readonly uid: string;
  /** The newest version known; undefined once it was deleted. */
  readonly procedure: Procedure | undefined;
  /** The newest version known of this run's pod, undefined if none or gone. */
  readonly pod: Pod | undefined;
  /** The last version of a pod that is confirmed gone (a DELETED event or a 404 by GET). */
  readonly gonePod: Pod | 'unseen' | undefined;
  readonly run: Run | undefined;
  readonly capture: CaptureView;
  /** Name of the procedure that holds the exclusivity key of this one, if another does. */
  readonly heldBy: string | undefined;
  readonly createFailure: StepFailure | undefined;
  readonly scriptFailure: StepFailure | undefined;
  readonly settings: Settings;
  /** It stands in line: so many containers are being started that its pod is made later. */
  readonly inLine?: boolean;
  /** How many containers are being started at this moment, of all runs. */
  readonly starting?: number;
}

export interface StopRequest {
  readonly reason: 'user' | 'deadline' | 'node-shutdown' | 'external';
  readonly message: string;
  readonly mode: 'Graceful' | 'Immediate';
  readonly graceSeconds: number;
}

export type Action =
  | { readonly do: 'claim' }
  | { readonly do: 'createPod' }
  /** Writes status.permit with the nonce; the first nonce wins for ever. */
  | { readonly do: 'permit'; readonly nonce: string; readonly pod: Pod }
  | { readonly do: 'prepare' }
  /** The resource says READY; with `main` it also carries the permit for main, which is RUNNING. */
  | { readonly do: 'ready'; readonly main: boolean; readonly reason?: string; readonly message?: string }
  | { readonly do: 'start' }
  | { readonly do: 'stop'; readonly stop: StopRequest }
  | { readonly do: 'deletePod'; readonly pod: Pod; readonly graceSeconds: number; readonly reason: string }
  /** A state of the resource that is not a step of the run: why it waits, STOPPING, UNKNOWN for now. */
  | {
      readonly do: 'note';
      readonly state: 'CREATING' | 'STOPPING' | 'UNKNOWN';
      readonly reason: string;
      readonly message: string;
    }
  /** The condition CaptureDegraded: what hinders the capture, or that nothing does any more. */
  | { readonly do: 'degraded'; readonly trouble: Trouble | undefined }
  /** Verdict into the store, then the resource's terminal status. */
  | { readonly do: 'finish'; readonly verdict: Verdict }
  /** The store has the verdict; the resource does not yet. */
  | { readonly do: 'finishStatus' }
  /** Nothing more will come of this run: forget what is held in memory for it. */
  | { readonly do: 'release' };

export interface Plan {
  readonly actions: readonly Action[];
  /** Look again at this time (ms) even if nothing happens. */
  readonly requeueAt?: number;
}
