/** Taking a procedure up: its number, its place in the store, its claim. */
import { ANNOTATIONS, LABELS, LIMITS, ORIGIN_API } from '../../crds/constants.ts';
import { Fenced, IdTaken } from '../../journal/index.ts';
import type { Verdict } from '../../journal/types.ts';
import { KubeError, microTime } from '../../kube/index.ts';
import { STORE_UNAVAILABLE } from '../decide/trouble.ts';
import { argumentsJSON, mainArgumentsJSON } from '../pod/arguments.ts';
import { podName } from '../pod/build.ts';
import { scriptUri } from '../pod/script.ts';
import { stateStatus } from '../status/status.ts';
import type { ExecutePorts } from './ports.ts';
import type { LiveProcedure } from './view.ts';
import { writeStatus } from './write-status.ts';

type ClaimPorts = Pick<ExecutePorts, 'store' | 'ids' | 'procedures' | 'view' | 'pace' | 'holder' | 'clock'>;

/** Opens the run in the store, then writes claim and number to status: from then on it is this operator's to end. */
export async function claim(procedure: LiveProcedure, ports: ClaimPorts): Promise<void> {
  const { store, pace, holder, clock } = ports;
  const id = await openRun(procedure, ports).catch(async (error: unknown) => {
    await tellStoreFailed(procedure, error, ports);
    throw error;
  });
  const now = clock.now();
  const { uid, namespace = '' } = procedure.metadata;
  const { executionKey } = procedure.spec;
  // Before the claim: a verdict that is in the store when the claim is written keeps the run from ever getting a pod.
  if (executionKey !== undefined && (await store.claimExecution(namespace, executionKey, uid)) !== uid)
    await store.finish(uid, alreadyExecuted(executionKey, now));
  const [reason, message] = pace.isFull
    ? ['WaitingForTurn', 'its pod is made when one of those that are being started is up']
    : ['Claimed', 'taken up by the operator'];
  await writeStatus(
    procedure,
    {
      ...stateStatus(procedure, 'CREATING', reason, message, now),
      phase: 'Active',
      id,
      claim: claimOf(procedure, holder, now),
      source: { uri: scriptUri(procedure) },
    },
    true,
    ports,
  );
}

/** Not a failure: what was wanted has been done, and a GitOps tool that applies it again is to find it well. */
function alreadyExecuted(key: string, now: number): Verdict {
  const message = `the execution key ${key} was used before: it is not run again`;
  return { state: 'STOPPED', t: now * 1000, reason: 'AlreadyExecuted', message, exitCode: null, signal: null };
}

/** What keeps a run from being taken up is told on its resource, once. */
async function tellStoreFailed(procedure: LiveProcedure, error: unknown, ports: ClaimPorts): Promise<void> {
  if (error instanceof KubeError || error instanceof Fenced || procedure.status.reason === STORE_UNAVAILABLE) return;
  const message = error instanceof Error ? error.message : String(error);
  const status = stateStatus(procedure, 'CREATING', STORE_UNAVAILABLE, message, ports.clock.now());
  await writeStatus(procedure, status, false, ports);
}

/** Makes the run known to the store under a number that no other has; the same procedure again gets the same. */
async function openRun(procedure: LiveProcedure, ports: Pick<ClaimPorts, 'store' | 'ids'>): Promise<number> {
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
function claimOf(procedure: LiveProcedure, holder: string, now: number) {
  const { name, uid } = procedure.metadata;
  return { time: microTime(now), podName: podName(name, uid), holder: holder.slice(0, 253) };
}
