import { LIMITS } from '../../crds/index.ts';
import type { ProcedureSpecInput } from '../../crds/index.ts';
import { isObject } from '../json/raw.ts';
import { Fields, MODEL_TYPE, pythonText } from './issues.ts';
import type { Issue } from './issues.ts';

/** A script as requests and summaries show it. */
export type ScriptView =
  | { readonly script_type: 'filesystem' | 'inline' | 'configmap'; readonly script_uri: string }
  | {
      readonly script_type: 'git';
      readonly script_uri: string;
      readonly git_args: {
        readonly git_repo: string;
        readonly git_branch: string | null;
        readonly git_commit: string | null;
      };
      readonly create_env: boolean;
    };

/** A requested script: how it is shown, and the parts of the spec that it becomes. */
export interface ScriptRequest {
  readonly view: ScriptView;
  readonly spec: Pick<ProcedureSpecInput, 'script' | 'environment'>;
}

const TYPES = ['filesystem', 'git', 'inline', 'configmap'] as const;
type ScriptType = (typeof TYPES)[number];
const MAX_URI = 4096;
/** The URI of an inline script that came without; summaries put the procedure's name behind it. */
export const UNNAMED = 'inline://';

/** Class and prefix of each type, as upstream's message names them. */
const PREFIX: Readonly<Record<ScriptType, readonly [prefix: string, className: string]>> = {
  filesystem: ['file://', 'FileSystemScript'],
  git: ['git://', 'GitScript'],
  inline: ['inline://', 'InlineScript'],
  configmap: ['configmap://', 'ConfigMapScript'],
};

/** Where upstream's scripts are, for a git script that names no repository. */
const DEFAULT_REPO = 'https://gitlab.com/ska-telescope/oso/ska-oso-scripting.git';
const DEFAULT_BRANCH = 'master';

/** Reads `script` of a POST. */
export function readScript(body: Fields, issues: Issue[]): ScriptRequest | null {
  if (!body.require('script')) return null;
  const value = body.get('script');
  if (!isObject(value)) return body.report('script', 'model_attributes_type', MODEL_TYPE);
  const tag = Object.hasOwn(value, 'script_type') ? value.script_type : undefined;
  const discriminator = "'script_type'";
  if (tag === undefined) {
    const msg = `Unable to extract tag using discriminator ${discriminator}`;
    return body.report('script', 'union_tag_not_found', msg, { discriminator });
  }
  const type = TYPES.find((name) => name === tag);
  if (type === undefined) {
    const expected = TYPES.map((name) => `'${name}'`).join(', ');
    const shown = pythonText(tag);
    const msg = `Input tag '${shown}' found using ${discriminator} does not match any of the expected tags: ${expected}`;
    return body.report('script', 'union_tag_invalid', msg, { discriminator, tag: shown, expected_tags: expected });
  }
  return readTyped(type, new Fields(value, ['body', 'script', type], issues), issues);
}

function readTyped(type: ScriptType, fields: Fields, issues: Issue[]): ScriptRequest | null {
  const before = issues.length;
  const needsUri = type !== 'inline' || fields.get('script_uri') !== undefined;
  const uri = needsUri ? readUri(fields) : UNNAMED;
  const git = type === 'git' ? readGit(fields) : null;
  const content = type === 'inline' && fields.require('content') ? fields.string('content', LIMITS.inlineScript) : '';
  if (issues.length > before || uri === null || content === null) return null;
  const [prefix, className] = PREFIX[type];
  if (!uri.startsWith(prefix)) return fields.valueError(`Incorrect prefix for ${className}: ${uri}`);
  const rest = uri.slice(prefix.length);
  switch (type) {
    case 'filesystem':
      return { view: { script_type: type, script_uri: uri }, spec: { script: { file: uri } } };
    case 'inline':
      if (content === '')
        return fields.report('content', 'string_too_short', 'String should have at least 1 character', {
          min_length: 1,
        });
      return { view: { script_type: type, script_uri: uri }, spec: { script: { inline: content } } };
    case 'configmap': {
      const match = /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\/([A-Za-z0-9._-]{1,253})$/.exec(rest);
      if (!match) return fields.valueError(`ConfigMapScript needs configmap://<name>/<key>: ${uri}`);
      const configMap = { name: match[1] ?? '', key: match[2] ?? '' };
      return { view: { script_type: type, script_uri: uri }, spec: { script: { configMap } } };
    }
    case 'git':
      return git && gitScript(uri, rest.replace(/^\/+/, ''), git, fields);
  }
}

function readUri(fields: Fields): string | null {
  return fields.require('script_uri') ? fields.string('script_uri', MAX_URI) : null;
}

interface GitRequest {
  readonly repo: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly createEnv: boolean;
}

function readGit(fields: Fields): GitRequest {
  const args = fields.get('git_args') === undefined ? null : fields.model('git_args');
  const text = (name: string, max: number): string | null => {
    const value = args?.get(name);
    return value === undefined || value === null ? null : (args?.string(name, max) ?? null);
  };
  // In pydantic's order, which is that of the issues.
  const repo = text('git_repo', 2048);
  const branch = text('git_branch', 255);
  const commit = text('git_commit', 255);
  const createEnv = fields.get('create_env');
  return {
    repo: repo ?? DEFAULT_REPO,
    branch: branch ?? (commit === null ? DEFAULT_BRANCH : null),
    commit,
    createEnv: createEnv === undefined || createEnv === null ? false : (fields.boolean('create_env') ?? false),
  };
}

/** The rules of the Procedure's schema for what git would read as options or leave the repository with. */
function gitScript(uri: string, path: string, git: GitRequest, fields: Fields): ScriptRequest | null {
  const { repo, branch, commit, createEnv } = git;
  if (path === '' || path.split('/').includes('..')) {
    return fields.valueError(`GitScript needs a path within the repository: ${uri}`);
  }
  if (!REF.test(repo) || /^[A-Za-z0-9+.-]+::/.test(repo)) {
    return fields.valueError(`git_repo is not the address of a repository: ${repo}`);
  }
  if (branch !== null && !REF.test(branch)) return fields.valueError(`git_branch is no branch: ${branch}`);
  if (commit !== null && !REF.test(commit)) return fields.valueError(`git_commit is no commit: ${commit}`);
  return {
    view: {
      script_type: 'git',
      script_uri: uri,
      git_args: { git_repo: repo, git_branch: branch, git_commit: commit },
      create_env: createEnv,
    },
    spec: { script: { git: { repo, path, ...refOf(git) } }, ...(createEnv ? { environment: { create: true } } : {}) },
  };
}

/** What git would not take for an option. */
const REF = /^[^\s-]\S*$/;

/** The commit wins over the branch, as it did upstream. Upstream gave `git_commit` to `git checkout`, which takes tags, too. */
function refOf({ branch, commit }: GitRequest): { commit: string } | { tag: string } | { branch: string } | object {
  if (commit !== null) return /^[0-9a-fA-F]{4,64}$/.test(commit) ? { commit } : { tag: commit };
  return branch === null ? {} : { branch };
}
