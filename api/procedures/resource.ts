import { ANNOTATIONS, API_VERSION, KIND, LABELS, ORIGIN_API } from '../../crds/index.ts';
import type {
  Procedure,
  ProcedureArguments,
  ProcedureInput,
  ProcedureScript,
  ProcedureSpec,
} from '../../crds/index.ts';
import type { StoredProcedure } from '../ports.ts';
import type { CreateRequest } from '../requests/procedures.ts';
import { NO_ARGUMENTS } from '../requests/procedures.ts';
import { UNNAMED } from '../requests/script.ts';
import type { ScriptView } from '../requests/script.ts';

/** Value of app.kubernetes.io/managed-by on procedures that came by REST. */
const MANAGED_BY_REST = 'oet-rest';

/** The name of the Procedure that REST makes for an id. */
export const nameOf = (id: number): string => `procedure-${id}`;

/** The Procedure for a request. `created` in microseconds since the epoch. */
export function procedureFor(
  request: CreateRequest,
  place: {
    readonly namespace: string;
    readonly id: number;
    readonly created: number;
    readonly automatic?: boolean;
    readonly key?: string;
  },
): ProcedureInput {
  const { view, spec } = request.script;
  const { init = NO_ARGUMENTS, main } = request.args;
  const shown = JSON.stringify(view);
  const annotations = {
    [ANNOTATIONS.created]: String(place.created),
    ...(place.key === undefined ? {} : { [ANNOTATIONS.idempotencyKey]: place.key }),
    ...(shown === JSON.stringify(viewOf(spec, '')) ? {} : { [ANNOTATIONS.script]: shown }),
  };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: nameOf(place.id),
      namespace: place.namespace,
      labels: {
        [LABELS.id]: String(place.id),
        [LABELS.managedBy]: MANAGED_BY_REST,
        [LABELS.origin]: ORIGIN_API,
      },
      annotations,
    },
    spec: {
      ...spec,
      init: { argsJSON: init },
      ...(main === undefined ? {} : { main: { argsJSON: main } }),
      startPolicy: place.automatic ? 'Automatic' : 'Manual',
    },
  };
}

/** Whether REST made it (and not somebody who copied its manifest). */
export function isOurs({ metadata: { name, labels } }: Pick<Procedure, 'metadata'>): boolean {
  const id = labels?.[LABELS.id];
  return labels?.[LABELS.managedBy] === MANAGED_BY_REST && id !== undefined && name === nameOf(Number(id));
}

/**
 * The id under which REST knows a Procedure: what the operator gave, or, before its claim, the one that the POST took.
 * Undefined for one that was applied and not claimed yet. The label alone proves nothing: manifests are copied.
 */
export function idOf(procedure: Procedure): number | undefined {
  return procedure.status.id ?? (isOurs(procedure) ? Number(procedure.metadata.labels?.[LABELS.id]) : undefined);
}

/** Whether an object is the very one that was to be made, and not another of its name. */
export function isSame(found: Procedure, wanted: ProcedureInput): boolean {
  const stamp = ANNOTATIONS.created;
  const same = found.metadata.annotations?.[stamp] === wanted.metadata.annotations?.[stamp];
  return same && JSON.stringify(found.spec.script) === JSON.stringify(wanted.spec.script);
}

/** The key under which REST made it. */
export function keyOf(procedure: Procedure): string | undefined {
  return isOurs(procedure) ? procedure.metadata.annotations?.[ANNOTATIONS.idempotencyKey] : undefined;
}

/** When a Procedure was created: microseconds since the epoch. */
export function createdOf({ metadata }: StoredProcedure): number {
  const noted = metadata.annotations?.[ANNOTATIONS.created];
  return noted !== undefined && /^\d{1,16}$/.test(noted)
    ? Number(noted)
    : Date.parse(metadata.creationTimestamp) * 1000;
}

/** `script` of a summary, for a Procedure. */
export function scriptOf({ metadata, spec }: Procedure): ScriptView {
  const noted = metadata.annotations?.[ANNOTATIONS.script];
  if (noted !== undefined && isOurs({ metadata })) {
    try {
      return JSON.parse(noted) as ScriptView;
    } catch {
      return viewOf(spec, metadata.name ?? ''); // somebody edited the annotation
    }
  }
  return viewOf(spec, metadata.name ?? '');
}

/** `script` of a summary, from what the spec of the Procedure `name` says. */
export function viewOf(
  spec: {
    readonly script: ProcedureScript;
    readonly environment?: { readonly create?: boolean | undefined } | undefined;
  },
  name: string,
): ScriptView {
  const { file, configMap, git } = spec.script;
  if (file !== undefined)
    return { script_type: 'filesystem', script_uri: file.startsWith('file://') ? file : `file://${file}` };
  if (configMap) return { script_type: 'configmap', script_uri: `configmap://${configMap.name}/${configMap.key}` };
  if (!git) return { script_type: 'inline', script_uri: `${UNNAMED}${name}` };
  return {
    script_type: 'git',
    script_uri: `git://${git.path}`,
    git_args: { git_repo: git.repo, git_branch: git.branch ?? git.tag ?? null, git_commit: git.commit ?? null },
    create_env: spec.environment?.create ?? false,
  };
}

/** Arguments as JSON text, whichever way the spec has them. */
export function argumentText(given: ProcedureArguments | undefined): string {
  if (!given) return NO_ARGUMENTS;
  return given.argsJSON ?? JSON.stringify({ args: given.args ?? [], kwargs: given.kwargs ?? {} });
}

/** Whether `spec.start` brings arguments of its own; those in `spec.main` hold otherwise. */
export function mainArguments({ start, main }: ProcedureSpec): ProcedureArguments | undefined {
  const own = start && (start.argsJSON !== undefined || start.args !== undefined || start.kwargs !== undefined);
  return own ? start : main;
}
