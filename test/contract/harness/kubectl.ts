import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectlPath } from '../../../tools/kubectl.ts';
import type { Cluster } from './cluster.ts';

/** What a command printed, and how it ended: `code` is null where it was ended from here. */
export interface Output {
  stdout: string;
  stderr: string;
  code: number | null;
}

/** How a command is run. */
export interface RunOptions {
  /** Its stdin. */
  input?: string | undefined;
  /** It is ended after so many lines of stdout. */
  lines?: number | undefined;
  /** Added to its environment. */
  env?: Record<string, string> | undefined;
}

/** kubectl on one cluster, its caches apart from the user's. */
export interface Kubectl {
  run(args: readonly string[], options?: RunOptions): Promise<Output>;
  close(): Promise<void>;
}

/** Beyond what any command here takes. */
const COMMAND_MS = 200_000;

/** kubectl with the cluster's kubeconfig and the suite's namespace. */
export async function kubectlOn(cluster: Cluster): Promise<Kubectl> {
  const program = await kubectlPath();
  const home = await mkdtemp(join(tmpdir(), 'oet-kubectl-'));
  return {
    close: () => rm(home, { recursive: true }),
    run: (args, { input = '', lines, env } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, ['--namespace', cluster.namespace, ...args], {
          env: { HOME: home, KUBECONFIG: cluster.kubeconfig, PATH: process.env['PATH'] ?? '', ...env },
          timeout: COMMAND_MS,
        });
        let ended = false;
        let stdout = '';
        let stderr = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          stdout += text;
          if (lines === undefined || stdout.split('\n').length <= lines) return;
          ended = true;
          child.kill();
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        child.on('error', reject);
        child.on('close', (code) => resolve({ stdout, stderr, code: ended ? null : code }));
        child.stdin.on('error', () => undefined); // it may end without reading
        child.stdin.end(input);
      }),
  };
}
