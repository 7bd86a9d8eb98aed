import { flagOption, scriptValue, textOption } from '../args/read.ts';
import type { Parsed } from '../args/grammar.ts';
import { usageError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { record, type Value } from '../values/value.ts';

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const GIT_OPTIONS = ['git_repo', 'git_branch', 'git_commit'] as const;

/**
 * The `script` of a create request: file://, git:// and configmap:// as they are; a path of this machine without a scheme
 * is read here and sent along (`inline`). Throws a usage error for anything else.
 */
export async function readScript(ports: Ports, parsed: Parsed, uri: string): Promise<Value> {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  const git = GIT_OPTIONS.map((name) => [name, textOption(parsed, name)] as const).filter(
    ([, value]) => value !== undefined,
  );
  if (scheme === 'git') {
    return record({
      script_type: 'git',
      script_uri: uri,
      git_args: record(Object.fromEntries(git)),
      create_env: flagOption(parsed, 'create_env', false),
    });
  }
  const gitOption = git[0]?.[0] ?? (flagOption(parsed, 'create_env', false) ? 'create_env' : undefined);
  if (gitOption !== undefined) throw usageError(`--${gitOption} is for git:// scripts only, not for ${uri}`);
  if (scheme === 'file') return record({ script_type: 'filesystem', script_uri: uri });
  if (scheme === 'configmap') return record({ script_type: 'configmap', script_uri: uri });
  if (scheme !== undefined)
    throw usageError(`Script URI type not handled: ${scheme}: (file://, git:// and configmap:// are)`);

  const content = await ports.readFile(uri);
  if (content === undefined) {
    throw usageError(`no file '${uri}' on this machine; a script of the server is named file://…, one in git git://…`);
  }
  const name = uri.split(/[\\/]/).at(-1) ?? uri;
  return record({ script_type: 'inline', script_uri: `inline://${name}`, content });
}

/** init's keyword arguments begin with the subarray, which is 1 unless told otherwise. */
export function subarrayId(parsed: Parsed): Value {
  return scriptValue(parsed.options.get('subarray_id') ?? '1', '--subarray_id');
}
