/** Finds a procedure's script: what the runner is told to load. */
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcedureScript, Procedure } from '../../crds/index.ts';

/** The `script` of the runner's `prepare` (docs/protocol.md section 2). */
export type ScriptMessage = { uri: string } & (
  | { source: string }
  | { path: string }
  | { git: { repo: string; path: string; branch?: string; commit?: string; createEnv: boolean } }
);

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
  return `inline://${procedure.metadata.name ?? 'script'}`;
}

/** Looks the script up. Throws ScriptUnavailable, whose reason and message become the run's. */
export async function findScript(procedure: Procedure, ports: ScriptPorts): Promise<FoundScript> {
  const { script, environment } = procedure.spec;
  // In the schema, and not acted upon yet: told, rather than run in another environment than was asked for.
  const unsupported =
    (script.git?.secretRef && 'spec.script.git.secretRef') ??
    (environment?.requirements && environment.requirements.length > 0 ? 'spec.environment.requirements' : undefined);
  if (unsupported !== undefined)
    throw new ScriptUnavailable('NotSupported', `${unsupported} is not supported yet`, true);
  const uri = scriptUri(procedure);
  if (script.inline !== undefined) return withBytes(uri, Buffer.from(script.inline));
  if (script.configMap) {
    const { name, key } = script.configMap;
    const bytes = await ports.configMapKey(name, key);
    if (bytes) return withBytes(uri, bytes);
    throw new ScriptUnavailable('ScriptNotFound', `ConfigMap ${name} with the key ${key} does not exist`, false);
  }
  if (script.git) return { message: { uri, git: gitMessage(script.git, procedure.spec.environment?.create ?? false) } };
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

function gitMessage(git: NonNullable<ProcedureScript['git']>, createEnv: boolean) {
  const branch = git.branch ?? git.tag;
  return {
    repo: git.repo,
    path: git.path,
    createEnv,
    ...(branch !== undefined && { branch }),
    ...(git.commit !== undefined && { commit: git.commit }),
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
