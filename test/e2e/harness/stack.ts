/** The product against a cluster, and the three ways of speaking to it. E2E_MODE says how it runs: `process` (default) or `chart`. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { kubectlPath } from '../../../tools/kubectl.ts';
import { startChart } from './chart.ts';
import { command, type Outcome } from './command.ts';
import { ROOT, startProcesses } from './process.ts';
import { Rest } from './rest.ts';

/** Operator or API: something that can be ended and started again. */
export interface Part {
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Where it does not run; resolves when it is ready. */
  start(): Promise<void>;
  /** What it logged so far. */
  log(): Promise<string>;
  /** Its metrics, of a process that has some. */
  metrics?(): Promise<string>;
}

export interface Stack {
  readonly namespace: string;
  readonly folder: string;
  readonly operator: Part;
  readonly api: Part;
  readonly rest: Rest;
  /** URL of the API with its version, as OET_URL. */
  readonly url: string;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<Outcome>;
  readonly oet: (args: readonly string[]) => Promise<Outcome>;
  close(): Promise<void>;
}

/** Where the product is to run. */
export interface Place {
  readonly namespace: string;
  /** For logs and the like; goes at the end. */
  readonly folder: string;
  readonly kubectl: Stack['kubectl'];
  /** kubectl's file, for what is to run on: a port-forward. */
  readonly kubectlFile: string;
  /** Environment of operator and API beside the usual. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The product, running. */
export interface Running {
  readonly operator: Part;
  readonly api: Part;
  /** Of the API, without a path. */
  readonly origin: string;
  readonly end: () => Promise<void>;
}

/** Whether the chart is installed from images, instead of processes on this machine. */
export const CHART_MODE = process.env.E2E_MODE === 'chart';

type Settings = Readonly<Record<string, string>>;

/** `settings`: environment of operator and API beside the usual, or what makes it once the namespace and its folder are there. */
export async function startStack(
  settings: Settings | ((place: Omit<Place, 'settings'>) => Promise<Settings>) = {},
): Promise<Stack> {
  const namespace = `e2e-${randomBytes(4).toString('hex')}`;
  const folder = await mkdtemp(path.join(tmpdir(), 'oet-e2e-'));
  const kubectlFile = await kubectlPath();
  const kubectl = (args: readonly string[], input?: string): Promise<Outcome> =>
    command(kubectlFile, ['--namespace', namespace, ...args], input === undefined ? {} : { input });
  const must = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  };
  await must(['create', 'namespace', namespace]);
  // Several suites share a cluster: the CRD belongs to none of them.
  await must(['apply', '--server-side', '--force-conflicts', '-f', `${ROOT}crds/procedures.oet.skao.int.yaml`]);
  await must(['wait', '--for=condition=Established', 'crd/procedures.oet.skao.int', '--timeout=120s']);

  const bare = { namespace, folder, kubectl, kubectlFile };
  const place: Place = { ...bare, settings: typeof settings === 'function' ? await settings(bare) : settings };
  const { operator, api, origin, end } = await (CHART_MODE ? startChart(place) : startProcesses(place));
  const url = `${origin}/${namespace}/oet/api/v7`;
  return {
    namespace,
    folder,
    operator,
    api,
    rest: new Rest(url),
    url,
    kubectl,
    oet: (args) => command(`${ROOT}bin/oet`, args, { env: { OET_URL: url } }),
    async close() {
      await end();
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      if (process.env.E2E_KEEP === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
