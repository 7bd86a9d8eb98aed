/** Finds a procedure's script: what the runner is told to load. */
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANNOTATIONS } from '../../crds/index.ts';
import type { ProcedureScript, Procedure } from '../../crds/index.ts';

/** Where the pod has the Secret of `spec.script.git.secretRef`, a file for each of its keys. */
export const GIT_CREDENTIALS_PATH = '/var/run/secrets/oet.skao.int/git';

/** The `script` of the runner's `prepare` (docs/protocol.md section 2). */
export type ScriptMessage = { uri: string } & ({ source: string } | { path: string } | { git: GitMessage });

interface GitMessage {
  readonly repo: string;
  readonly path: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly commit?: string;
  readonly createEnv: boolean;
  readonly credentials?: { readonly name: string; readonly path: string };
}

export interface FoundScript {
  readonly message: ScriptMessage;
  /** SHA-256 of the bytes where they are known here. */
  readonly sha256?: string;
}

/** The script is not there now; `final` where waiting cannot help. */
export class ScriptUnavailable extends Error {
  readonly reason: string;
  readonly final: boolean;

  constructor(reason: string, message: string, final: boolean) {
    super(message);
    this.reason = reason;
    this.final = final;
  }
}

export interface ScriptPorts {
  /** Folders whose files the operator may read for scripts. */
  readonly folders: readonly string[];
  /** The text of a key of a ConfigMap in the procedure's namespace; undefined if either is missing. */
  configMapKey(name: string, key: string): Promise<Buffer | undefined>;
}

/** What people call the script: its URI as OET writes it. */
export function scriptUri(procedure: Procedure): string {
  const { script } = procedure.spec;
  if (script.file !== undefined) return script.file.includes('://') ? script.file : `file://${script.file}`;
  if (script.git) return `git://${script.git.path}`;
  if (script.configMap) return `configmap://${script.configMap.name}/${script.configMap.key}`;
  return inlineName(procedure) ?? `inline://${procedure.metadata.name ?? 'script'}`;
}

/** The name that a client of the REST API gave its inline script; undefined where none did, or somebody edited the annotation. */
function inlineName({ metadata }: Procedure): string | undefined {
  const noted = metadata.annotations?.[ANNOTATIONS.script];
  if (noted === undefined) return undefined;
  try {
    const { script_uri: uri } = JSON.parse(noted) as { script_uri?: unknown };
    return typeof uri === 'string' && uri.startsWith('inline://') ? uri : undefined;
  } catch {
    return undefined; // for people only: the run does not depend on it
  }
}

/**
 * Looks the script up, for a pod that speaks this version of the protocol. Throws ScriptUnavailable, whose reason and message
 * become the run's.
 */
export async function findScript(procedure: Procedure, ports: ScriptPorts, version: number): Promise<FoundScript> {
  const { script, environment } = procedure.spec;
  // What version 1 does not know it would not refuse, but leave out: the script would run in another environment than was asked for.
  const beyond =
    (script.git?.secretRef && 'spec.script.git.secretRef') ??
    (environment?.requirements && environment.requirements.length > 0 ? 'spec.environment.requirements' : undefined);
  if (version < 2 && beyond !== undefined)
    throw new ScriptUnavailable(
      'ProtocolVersion',
      `${beyond} needs protocol version 2; the pod, made by an earlier operator, speaks ${version}`,
      true,
    );
  const uri = scriptUri(procedure);
  if (script.inline !== undefined) return withBytes(uri, Buffer.from(script.inline));
  if (script.configMap) {
    const { name, key } = script.configMap;
    const bytes = await ports.configMapKey(name, key);
    if (bytes) return withBytes(uri, bytes);
    throw new ScriptUnavailable('ScriptNotFound', `ConfigMap ${name} with the key ${key} does not exist`, false);
  }
  if (script.git) return { message: { uri, git: gitMessage(script.git, environment?.create ?? false, version) } };
  const wanted = filePath(script.file ?? '');
  const bytes = await readWithin(wanted, ports.folders);
  return bytes ? withBytes(uri, bytes) : { message: { uri, path: wanted } };
}

function withBytes(uri: string, bytes: Buffer): FoundScript {
  return {
    message: { uri, source: bytes.toString('base64') },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

function gitMessage(git: NonNullable<ProcedureScript['git']>, createEnv: boolean, version: number): GitMessage {
  const { repo, path: file, branch, tag, commit, secretRef } = git;
  return {
    repo,
    path: file,
    createEnv,
    ...(branch !== undefined && { branch }),
    // Version 1 takes a tag by the name of a branch.
    ...(tag !== undefined && (version < 2 ? { branch: tag } : { tag })),
    ...(commit !== undefined && { commit }),
    ...(secretRef && { credentials: { name: secretRef.name, path: GIT_CREDENTIALS_PATH } }),
  };
}

/** OET's clients write file:// before an absolute path, and sometimes before a relative one, which is kept relative. */
function filePath(file: string): string {
  if (!file.startsWith('file://')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    return decodeURIComponent(file.slice('file://'.length)); // `file://test.py` names a host to URL parsers
  }
}

/** The file's bytes if it lies, links resolved, within one of the folders; undefined if it is not there. */
async function readWithin(wanted: string, folders: readonly string[]): Promise<Buffer | undefined> {
  for (const folder of folders) {
    const inside = path.isAbsolute(wanted) ? path.normalize(wanted) : path.join(folder, wanted);
    try {
      const [root, real] = await Promise.all([realpath(folder), realpath(inside)]);
      if (real.startsWith(root + path.sep)) return await readFile(real);
    } catch (error) {
      if (!isMissing(error)) throw new ScriptUnavailable('ScriptUnreadable', `${wanted}: ${String(error)}`, false);
    }
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
