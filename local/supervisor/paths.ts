import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where one embedded installation keeps what. */
export interface Paths {
  dataDir: string;
  kubeconfig: string;
  store: string;
  state: string;
  lock: string;
  logs: string;
  cluster: string;
}

/** The layout of a data folder. */
export function pathsOf(dataDir: string): Paths {
  return {
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    store: join(dataDir, 'journal.sqlite'),
    state: join(dataDir, 'state.json'),
    lock: join(dataDir, 'lock'),
    logs: join(dataDir, 'logs'),
    cluster: join(dataDir, 'cluster'),
  };
}

/** The data folder that is meant: the option, OET_LOCAL_DIR, or a folder in the user's data home. */
export function dataDirOf(option: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = option ?? (env['OET_LOCAL_DIR'] === '' ? undefined : env['OET_LOCAL_DIR']);
  if (named !== undefined) return resolve(named);
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'oet', 'local');
}
