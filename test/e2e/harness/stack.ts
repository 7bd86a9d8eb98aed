/** The product against a cluster: a namespace, the CRD, operator and API as processes, and the three ways of speaking to them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { command, type Outcome } from './command.ts';
import { freePort, ROOT, Service } from './process.ts';
import { Rest } from './rest.ts';
import { kubectlPath } from '../../../tools/kubectl.ts';

export interface Stack {
  readonly namespace: string;
  readonly folder: string;
  readonly operator: Service;
  readonly api: Service;
  readonly rest: Rest;
  /** URL of the API with its version, as OET_URL. */
  readonly url: string;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<Outcome>;
  readonly oet: (args: readonly string[]) => Promise<Outcome>;
  close(): Promise<void>;
}

/** `settings`: environment of operator and API beside the usual. */
export async function startStack(settings: Readonly<Record<string, string>> = {}): Promise<Stack> {
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
  await must(['apply', '--server-side', '--force-conflicts', '-f', `${ROOT}crds/procedures.oet.skao.int.yaml`]);
  await must(['wait', '--for=condition=Established', 'crd/procedures.oet.skao.int', '--timeout=30s']);

  const [operatorPort, apiPort] = [await freePort(), await freePort()];
  const common = {
    KUBE_NAMESPACE: namespace,
    OET_STORE: path.join(folder, 'journal.sqlite'),
    OET_SCRIPT_IMAGE: process.env.E2E_IMAGE ?? 'localhost/python:3',
    OET_SCRIPTS_PATH: `${ROOT}docs/examples`,
    SCRIPTS_LOCATION: `${ROOT}docs/examples`,
    OET_OPERATOR_IDENTITY: 'e2e',
    OET_TOLERANCE_SECONDS: '5',
    LOG_LEVEL: process.env.E2E_LOG_LEVEL ?? 'info',
    ...settings,
  };
  const service = (name: string, port: number): Service =>
    new Service({
      name,
      entry: `${name}/main.ts`,
      env: { ...common, PORT: String(port) },
      ready: `http://127.0.0.1:${port}/readyz`,
      logFile: path.join(folder, `${name}.log`),
    });
  const operator = service('operator', operatorPort);
  const api = service('api', apiPort);
  await Promise.all([operator.start(), api.start()]);
  const url = `http://127.0.0.1:${apiPort}/${namespace}/oet/api/v7`;
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
      await Promise.all([operator.kill('SIGTERM'), api.kill('SIGTERM')]);
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      if (process.env.E2E_KEEP === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
