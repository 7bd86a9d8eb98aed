/** What carrying out a plan needs from outside. */
import type { Procedure } from '../../crds/index.ts';
import type { JournalStore } from '../../journal/types.ts';
import type { Clock, EventInput, Pod, Resource } from '../../kube/index.ts';
import type { Log } from '../capture/ports.ts';
import type { StepFailure } from '../decide/types.ts';
import type { PodSettings } from '../pod/build.ts';
import type { ScriptPorts } from '../pod/script.ts';
import type { Captures } from './captures.ts';
import type { Exclusivity } from './exclusivity.ts';
import type { Pace } from './pace.ts';
import type { ClusterView, LiveProcedure } from './view.ts';

/** Steps that failed and are tried again, by the procedure's uid: written by the step, read by the next decision. */
export interface StepFailures {
  readonly create: Map<string, StepFailure>;
  readonly script: Map<string, StepFailure>;
}

export interface ExecutePorts {
  readonly view: ClusterView;
  readonly procedures: Resource<Procedure>;
  readonly pods: Resource<Pod>;
  readonly store: JournalStore;
  readonly ids: { next(): Promise<number> };
  readonly captures: Captures;
  readonly exclusivity: Exclusivity;
  readonly pace: Pace;
  readonly failures: StepFailures;
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
