/** Taking a procedure up: its number, its place in the store, its claim. */
import { ANNOTATIONS, LABELS, LIMITS, ORIGIN_API } from '../../crds/constants.ts';
import { IdTaken } from '../../journal/index.ts';
import type { JournalStore } from '../../journal/types.ts';
import { microTime } from '../../kube/index.ts';
import { argumentsJSON, mainArgumentsJSON } from '../pod/arguments.ts';
import { podName } from '../pod/build.ts';
import { scriptUri } from '../pod/script.ts';
import type { LiveProcedure } from './view.ts';

export interface ClaimPorts {
  readonly store: Pick<JournalStore, 'run' | 'openRun'>;
  readonly ids: { next(): Promise<number> };
}

/** Makes the run known to the store under a number that no other has; the same procedure again gets the same. */
export async function openRun(procedure: LiveProcedure, ports: ClaimPorts): Promise<number> {
  const { uid, name } = procedure.metadata;
  const known = await ports.store.run(uid);
  if (known) return known.id;
  for (let id = procedure.status.id ?? ownId(procedure); ; id = undefined) {
    const wanted = id ?? (await ports.ids.next());
    try {
      await ports.store.openRun({
        uid,
        namespace: procedure.metadata.namespace ?? '',
        name,
        id: wanted,
        created: createdAt(procedure),
        info: infoOf(procedure),
      });
      return wanted;
    } catch (error) {
      if (!(error instanceof IdTaken)) throw error;
    }
  }
}

/** What the API shows of a run and the resource may no longer have. */
function infoOf(procedure: LiveProcedure): Record<string, unknown> {
  const { spec } = procedure;
  const { inline, ...script } = spec.script;
  return {
    uri: scriptUri(procedure),
    script:
      inline === undefined
        ? script
        : { inline: inline.length <= LIMITS.argsJSON ? inline : `${inline.slice(0, LIMITS.argsJSON)}…` },
    environment: spec.environment ?? {},
    initArgsJSON: argumentsJSON(spec.init),
    ...(spec.start && { mainArgsJSON: mainArgumentsJSON(spec) }),
    ...(spec.exclusive !== undefined && { exclusive: spec.exclusive }),
    outputSeconds: spec.retention.outputSeconds,
    labels: procedure.metadata.labels ?? {},
    podName: podName(procedure.metadata.name, procedure.metadata.uid),
  };
}

/** The number that the API took from the counter for this very object; a copied manifest's label is nobody's word. */
function ownId(procedure: LiveProcedure): number | undefined {
  const labels = procedure.metadata.labels ?? {};
  const id = Number(labels[LABELS.id]);
  const fits = labels[LABELS.origin] === ORIGIN_API && procedure.metadata.name === `procedure-${id}`;
  return fits && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/** Microseconds: the API's own stamp where it fits the resource's whole seconds, else those. */
function createdAt(procedure: LiveProcedure): number {
  const whole = Date.parse(procedure.metadata.creationTimestamp) * 1000;
  const stamp = Number(procedure.metadata.annotations?.[ANNOTATIONS.created]);
  return Number.isSafeInteger(stamp) && Math.abs(stamp - whole) < 10_000_000 ? stamp : whole;
}

/** The claim as status. */
export function claimOf(procedure: LiveProcedure, holder: string, now: number) {
  const { name, uid } = procedure.metadata;
  return { time: microTime(now), podName: podName(name, uid), holder: holder.slice(0, 253) };
}
