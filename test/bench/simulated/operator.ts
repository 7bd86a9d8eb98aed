/** The operator as its image runs it: the bundle, a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../e2e/harness/command.ts';
import { freePort } from '../../e2e/harness/ports.ts';
import { ROOT } from '../../e2e/harness/process.ts';
import { until } from '../../e2e/harness/until.ts';
import { samples, total } from '../metrics.ts';

/** What it says of itself. */
export interface Vitals {
  /** MiB. */
  readonly resident: number;
  readonly heap: number;
  /** Processor time so far, s. */
  readonly cpu: number;
  /** Pods that it captures. */
  readonly captures: number;
}

export class OperatorProcess {
  /** Its store, a SQLite file. */
  readonly store: string;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #url = '';

  constructor({ folder, namespace, kubeconfig }: { folder: string; namespace: string; kubeconfig: string }) {
    this.#folder = folder;
    this.store = join(folder, 'journal.sqlite');
    this.#env = {
      // To profile it: --cpu-prof, --heapsnapshot-signal …
      NODE_OPTIONS: process.env['BENCH_NODE_OPTIONS'] ?? '',
      NODE_ENV: 'production',
      KUBECONFIG: kubeconfig,
      KUBE_NAMESPACE: namespace,
      OET_STORE: this.store,
      OET_OPERATOR_IDENTITY: 'bench',
      LOG_LEVEL: 'warn',
    };
  }

  /** Bundles what is in the checkout now. */
  static async build(): Promise<void> {
    const { code, stderr } = await command(process.execPath, [`${ROOT}tools/build-servers.ts`]);
    if (code !== 0) throw new Error(`the operator cannot be bundled: ${stderr}`);
  }

  /** Resolves when it has the lease and works. */
  async start(): Promise<void> {
    const log = openSync(join(this.#folder, 'operator.log'), 'a');
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    const child = spawn(process.execPath, [`${ROOT}build/operator.mjs`], {
      env: { ...process.env, ...this.#env, PORT: String(port) },
      stdio: ['ignore', log, log],
    });
    this.#child = child;
    await until('the operator to be ready', async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: see ${this.#folder}/operator.log`);
      return (await fetch(`${this.#url}/readyz`).catch(() => undefined))?.status === 200;
    });
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async vitals(): Promise<Vitals> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const of = (metric: string): number => samples(text, metric)[0]?.value ?? NaN;
    return {
      resident: of('process_resident_memory_bytes') / 2 ** 20,
      heap: of('nodejs_heap_size_used_bytes') / 2 ** 20,
      cpu: total(text, 'process_cpu_seconds_total'),
      captures: of('oet_captures'),
    };
  }
}
