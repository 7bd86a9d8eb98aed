/** The product as its users install it: the chart, from images that the cluster has, reached through a port-forward. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { helmPath } from '../../../tools/kubectl.ts';
import { command } from './command.ts';
import { freePort } from './ports.ts';
import { LOOK_MS, ROOT } from './process.ts';
import type { Part, Place, Running } from './stack.ts';
import { until } from './until.ts';

export const RELEASE = 'e2e';
const DEPLOYMENT = `ska-oso-oet-${RELEASE}`;

/** Values for the environment that a suite asks for. */
const SETTINGS: Readonly<Record<string, string>> = {
  OET_HISTORY_LIMIT: 'rest.historyLimit',
  OET_TOLERANCE_SECONDS: 'operator.toleranceSeconds',
};

/** The image of scripts or of the rest, as the cluster has it. E2E_REGISTRY and E2E_TAG may be empty: localhost and dev. */
export const image = (name: string): string => `${registry()}/${name}:${tag()}`;
const registry = (): string => process.env.E2E_REGISTRY || 'localhost';
const tag = (): string => process.env.E2E_TAG || 'dev';

/**
 * Values of an install on a cluster for tests: there may be no storage class; scripts have the paths that they have on this machine.
 */
export function chartValues(settings: Readonly<Record<string, string>> = {}): string[] {
  const level = process.env.E2E_LOG_LEVEL ?? 'info';
  const asked = Object.entries(settings).map(([name, value]) => {
    const key = SETTINGS[name];
    if (key === undefined) throw new Error(`no value of the chart is known for ${name}`);
    return `${key}=${value}`;
  });
  const values = [
    ...['rest', 'scripts'].flatMap((part) => [`${part}.image.registry=${registry()}`, `${part}.image.tag=${tag()}`]),
    ...['rest', 'operator'].map((part) => `${part}.logLevel=${level}`),
    'store.persistence.enabled=false',
    'operator.toleranceSeconds=5',
    'crd.install=never',
    `scripts_location=${ROOT}docs/examples`,
    ...asked,
  ];
  return values.flatMap((value) => ['--set', value]);
}

/** Runs helm; throws with what it said if it fails. */
export async function helm(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command(await helmPath(), args);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** A port-forward to the API that is made anew whenever it ends: one goes with the pod it leads to. */
class Forward {
  readonly #place: Place;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #ended = false;

  constructor(place: Place, port: number) {
    this.#place = place;
    this.#port = port;
  }

  start(): void {
    const { kubectlFile, namespace } = this.#place;
    const target = ['port-forward', `service/ska-oso-oet-rest-${RELEASE}`, `${this.#port}:5000`];
    const child = spawn(kubectlFile, ['--namespace', namespace, ...target], { stdio: 'ignore' });
    this.#child = child;
    child.once('exit', () => {
      if (!this.#ended) setTimeout(() => this.#ended || this.start(), 200);
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }
}

/** A container of the deployment's pod. PID 1 takes a SIGKILL from nobody within it, so only a SIGTERM can be asked for. */
function container(place: Place, name: 'operator' | 'rest', ready: () => Promise<void>): Part {
  const { kubectl } = place;
  return {
    async kill(signal = 'SIGKILL') {
      if (signal !== 'SIGTERM') throw new Error(`${signal} of a container: run this suite with E2E_MODE=process`);
      await kubectl(['exec', `deployment/${DEPLOYMENT}`, '-c', name, '--', 'node', '-e', 'process.kill(1, "SIGTERM")']);
    },
    start: ready,
    log: async () => (await kubectl(['logs', `deployment/${DEPLOYMENT}`, '-c', name])).stdout,
  };
}

/** Installs the chart and waits until operator and API are ready. */
export async function startChart(place: Place): Promise<Running> {
  const { namespace, kubectl, settings } = place;
  await helm(['install', RELEASE, `${ROOT}charts/ska-oso-oet`, '--namespace', namespace, ...chartValues(settings)]);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const forward = new Forward(place, port);
  const ready = async (): Promise<void> => {
    const args = ['rollout', 'status', `deployment/${DEPLOYMENT}`, '--timeout=240s'];
    const { code, stderr } = await kubectl(args);
    if (code !== 0) {
      const { stdout } = await kubectl(['describe', 'pods', '-l', 'app.kubernetes.io/name=ska-oso-oet']);
      throw new Error(`kubectl ${args.join(' ')}: ${stderr}\n${stdout}`);
    }
    await until('the API through the port-forward', async () => {
      const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(LOOK_MS) }).catch(() => undefined);
      return response?.status === 200;
    });
  };
  forward.start();
  try {
    await ready();
  } catch (error) {
    await forward.end();
    throw error;
  }
  return {
    operator: container(place, 'operator', ready),
    api: container(place, 'rest', ready),
    origin,
    async end() {
      await forward.end();
      await helm(['uninstall', RELEASE, '--namespace', namespace, '--ignore-not-found']);
    },
  };
}
