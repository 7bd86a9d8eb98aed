/**
 * The operator as its image runs it, on an API server whose pods are simulated: that of KUBECONFIG, with a node of its own
 * in it, or an embedded one without a node.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Procedure } from '../../../crds/index.ts';
import { connect, PROCEDURES, resource, type Kube, type Resource } from '../../../kube/index.ts';
import type { ScriptModel } from '../../../operator/testing/fake-pod.ts';
import { kubectlPath } from '../../../tools/kubectl.ts';
import { command } from '../../e2e/harness/command.ts';
import { ROOT } from '../../e2e/harness/process.ts';
import type { Preload } from './api-server.ts';
import { SimulatedNode } from './node.ts';
import { OperatorProcess } from './operator.ts';
import { startProxy } from './proxy.ts';

export interface SimulatedWorld {
  /** For people: which API server. */
  readonly cluster: string;
  readonly namespace: string;
  readonly kube: Kube;
  readonly procedures: Resource<Procedure>;
  readonly node: SimulatedNode;
  /** Not started yet. */
  readonly operator: OperatorProcess;
  /** Puts objects into an embedded API server, behind its back. */
  preload(what: Preload): Promise<void>;
  close(): Promise<void>;
}

export async function openSimulated(options: {
  script: ScriptModel;
  /** Even where KUBECONFIG names another one. */
  embedded: boolean;
  /** Pods that run at once; for an embedded API server. */
  capacity?: number;
}): Promise<SimulatedWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'oet-simulated-'));
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const server = options.embedded || process.env['KUBECONFIG'] === undefined ? await embeddedServer(folder) : undefined;
  const kubeconfig = server?.kubeconfig;
  const kubectlFile = await kubectlPath();
  const kubectl = async (...args: string[]): Promise<void> => {
    const env = kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig };
    const { code, stderr } = await command(kubectlFile, args, { env });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  };
  await kubectl('create', 'namespace', namespace);
  await kubectl('apply', '--server-side', '--force-conflicts', '-f', `${ROOT}crds/procedures.oet.skao.int.yaml`);
  await kubectl('wait', '--for=condition=Established', 'crd/procedures.oet.skao.int', '--timeout=120s');

  const kube = await connect({ userAgent: 'oet-bench', kubeconfig });
  const { script, capacity = Infinity } = options;
  const node = new SimulatedNode({ kube, namespace, script, schedules: server === undefined, capacity });
  await node.start();
  const proxy = await startProxy(kubeconfig, node);
  const proxied = join(folder, 'proxied');
  await writeFile(proxied, proxy.kubeconfig, { mode: 0o600 });
  await OperatorProcess.build();
  const operator = new OperatorProcess({ folder, namespace, kubeconfig: proxied });
  return {
    cluster: server ? 'the embedded API server, simulated pods' : `${kube.server}, simulated pods`,
    namespace,
    kube,
    procedures: resource(kube, PROCEDURES, namespace),
    node,
    operator,
    preload: (what) => (server ? server.preload(what) : Promise.reject(new Error('only into an embedded API server'))),
    async close() {
      await operator.kill('SIGTERM');
      await kubectl('delete', 'namespace', namespace, `--wait=${String(server === undefined)}`, '--timeout=120s');
      await node.close();
      await proxy.close();
      await kube.close();
      server?.child.disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function embeddedServer(folder: string) {
  const child = fork(`${ROOT}test/bench/simulated/api-server.ts`, {
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning --max-old-space-size=6000' },
  });
  const { kubeconfig: text } = (await answer(child)) as { kubeconfig: string };
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, text, { mode: 0o600 });
  return {
    child,
    kubeconfig,
    async preload(what: Preload) {
      const stored = answer(child);
      child.send(what);
      await stored;
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const heard = new AbortController();
  const { signal } = heard;
  const ended = once(child, 'exit', { signal }).then(([code]) =>
    Promise.reject(new Error(`the API server ended with ${String(code)}`)),
  );
  ended.catch(() => undefined); // the answer came first
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[];
    return message;
  } finally {
    heard.abort();
  }
}
