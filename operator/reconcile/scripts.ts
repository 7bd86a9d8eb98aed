/** The scripts of the runs that are under way, each looked up once; what is missing is told to the decision. */
import type { Clock } from '../../kube/index.ts';
import { findScript, ScriptUnavailable, type FoundScript, type ScriptPorts } from '../pod/script.ts';
import type { StepFailures } from './ports.ts';
import type { LiveProcedure } from './view.ts';

const RETRY_MS = 1_000;

export class Scripts {
  readonly #found = new Map<string, FoundScript>();
  readonly #scripts: ScriptPorts;
  readonly #failures: StepFailures['script'];
  readonly #clock: Clock;

  constructor(ports: { scripts: ScriptPorts; failures: StepFailures; clock: Clock }) {
    this.#scripts = ports.scripts;
    this.#failures = ports.failures.script;
    this.#clock = ports.clock;
  }

  /** For a pod of this protocol version. Undefined where it cannot be had now: why is among the step failures. */
  async find(procedure: LiveProcedure, version: number): Promise<FoundScript | undefined> {
    const { uid } = procedure.metadata;
    const known = this.#found.get(uid);
    if (known) return known;
    try {
      const found = await findScript(procedure, this.#scripts, version);
      const recorded = procedure.status.source?.sha256;
      if (recorded !== undefined && found.sha256 !== recorded)
        throw new ScriptUnavailable('ScriptChanged', 'the script is not the one that was recorded for this run', true);
      this.#failures.delete(uid);
      this.#found.set(uid, found);
      return found;
    } catch (error) {
      if (!(error instanceof ScriptUnavailable)) throw error;
      const { reason, message, final } = error;
      const now = this.#clock.now();
      const since = this.#failures.get(uid)?.since ?? now;
      this.#failures.set(uid, { reason, message, since, retryAt: now + RETRY_MS, final });
      return undefined;
    }
  }

  forget(uid: string): void {
    this.#found.delete(uid);
  }
}
