import { fileURLToPath } from 'node:url';
import { relative } from 'node:path';
import type { Paths } from './paths.ts';
import type { SupervisorState } from './state.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A word for a shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Shell commands that let `oet` and `kubectl` find the installation. */
export function exportsOf(state: SupervisorState, paths: Paths): string {
  const values = {
    OET_URL: state.restUrl,
    KUBECONFIG: paths.kubeconfig,
    KUBE_NAMESPACE: state.namespace,
    OET_LOCAL_DIR: paths.dataDir,
  };
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}

/** What `status` prints. */
export function statusText(state: SupervisorState | undefined): string {
  if (!state) return 'oet-local is not up.\n';
  const rows = [
    ['PART', 'STATE', 'PID', 'RESTARTS', 'URL'],
    ...state.components.map(({ name, process, ready, restarts, lastExit }) => [
      name,
      ready ? 'ready' : process ? 'starting' : `ended (${lastExit ?? 'never started'})`,
      process ? String(process.pid) : '-',
      String(restarts),
      name === 'rest' ? state.restUrl : name === 'cluster' ? state.kubeUrl : '',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd((widths[i] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** What `up` prints once everything is ready. */
export function welcome(state: SupervisorState, paths: Paths, detached: boolean, cwd: string): string {
  const here = relative(cwd, ROOT);
  const bin = here === '' ? 'bin/' : here.startsWith('..') ? `${ROOT}bin/` : `${here}/bin/`;
  const own = paths.dataDir.includes(' ') ? `--data-dir '${paths.dataDir}'` : `--data-dir ${paths.dataDir}`;
  const examples = bin === 'bin/' ? 'docs/examples' : `${bin.slice(0, -4)}docs/examples`;
  return `oet-local is up, on 127.0.0.1 only; data in ${paths.dataDir}
  REST API        ${state.restUrl}
  Kubernetes API  ${state.kubeUrl} (namespace ${state.namespace})
Scripts run as you, on this machine, without isolation.

Type next${detached ? '' : ', in another shell'}:
  eval "$(${bin}oet-local env ${own})"
  ${bin}oet run ${examples}/hello_world.py
  kubectl get procedures
${detached ? `and at the end:\n  ${bin}oet-local down ${own}\n` : 'Ctrl-C ends it.\n'}`;
}
