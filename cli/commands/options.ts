import type { OptionSpec } from '../args/spec.ts';

/** --pid of the commands that work on one procedure. */
export function pidOption(standard: string): OptionSpec {
  return { name: 'pid', kind: 'id', metavar: 'ID', help: 'the procedure', standard };
}

/** --listen of the commands that start something. */
export const LISTEN_OPTION: OptionSpec = {
  name: 'listen',
  kind: 'flag',
  help: 'then show events until Ctrl-C',
  standard: 'True',
};

/** Options that describe a script in a git repository; subarray_id, which goes to init, is another. */
export const SCRIPT_OPTIONS: readonly OptionSpec[] = [
  { name: 'subarray_id', kind: 'text', metavar: 'N', help: "keyword argument of the script's init", standard: '1' },
  { name: 'git_repo', kind: 'text', metavar: 'URL', help: 'repository of a git:// script' },
  { name: 'git_branch', kind: 'text', metavar: 'NAME', help: 'branch of a git:// script' },
  { name: 'git_commit', kind: 'text', metavar: 'HASH', help: 'commit of a git:// script; goes before the branch' },
  {
    name: 'create_env',
    kind: 'flag',
    help: "install the git project's dependencies into an environment of its own",
    standard: 'False',
  },
];
