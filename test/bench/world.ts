/** What the benchmarks of a cluster work with: the product against KUBECONFIG's cluster, or against an embedded one of their own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Procedure } from '../../crds/index.ts';
import {
  connect,
  isNotFound,
  PODS,
  PROCEDURES,
  Reflector,
  resource,
  type Change,
  type Kube,
  type Pod,
  type Resource,
} from '../../kube/index.ts';
import { ROOT } from '../e2e/harness/process.ts';
import { image } from '../e2e/harness/chart.ts';
import { CHART_MODE, startStack, type Stack } from '../e2e/harness/stack.ts';
import { Client } from './client.ts';
import { Timeline } from './timeline.ts';

export interface World {
  /** For people: which cluster, and how the product runs there. */
  readonly cluster: string;
  readonly embedded: boolean;
  readonly stack: Stack;
  readonly kube: Kube;
  readonly client: Client;
  readonly pods: Resource<Pod>;
  readonly procedures: Resource<Procedure>;
  /** What watches of the benchmark's own saw, of all pods and procedures of the namespace. */
  readonly podEvents: Timeline<Change<Pod>>;
  readonly procedureEvents: Timeline<Change<Procedure>>;
  close(): Promise<void>;
}

/** Image of bare pods; the operator's default of scripts here. */
export const IMAGE = process.env['E2E_IMAGE'] ?? (CHART_MODE ? image('ska-oso-oet-scripts') : 'localhost/python:3');

export async function openWorld(): Promise<World> {
  const own = process.env['KUBECONFIG'] === undefined ? await embeddedCluster() : undefined;
  if (own) process.env['KUBECONFIG'] = own.kubeconfig; // the processes that are started inherit it
  const stack = await startStack();
  const kube = await connect({ userAgent: 'oet-bench' });
  const { namespace } = stack;
  const podEvents = new Timeline<Change<Pod>>();
  const procedureEvents = new Timeline<Change<Procedure>>();
  const ending = new AbortController();
  const watches = [
    new Reflector({ kube, type: PODS, namespace, onChange: (change) => podEvents.push(change) }),
    new Reflector({ kube, type: PROCEDURES, namespace, onChange: (change) => procedureEvents.push(change) }),
  ];
  const running = watches.map((watch) => watch.run(ending.signal));
  const client = new Client(stack.url);
  await Promise.all([...watches.map((watch) => watch.synced), client.listen()]);
  const embedded = own !== undefined || !(await hasJobs(kube));
  return {
    cluster: `${embedded ? 'embedded cluster' : kube.server}, ${await versionOf(kube)}${CHART_MODE ? ', the chart installed' : ''}`,
    embedded,
    stack,
    kube,
    client,
    pods: resource(kube, PODS, namespace),
    procedures: resource(kube, PROCEDURES, namespace),
    podEvents,
    procedureEvents,
    async close() {
      client.close();
      ending.abort();
      await Promise.all(running);
      await stack.close();
      await kube.close();
      await own?.stop();
    },
  };
}

/** The embedded cluster as `oet-local up` runs it: a process of its own, its data on disk. */
async function embeddedCluster(): Promise<{ kubeconfig: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'oet-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const settings = { dataDir: join(folder, 'data'), port: 0, kubeconfig, namespace: 'default' };
  const child = fork(`${ROOT}local/cluster-main.ts`, {
    env: {
      ...process.env,
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      OET_LOCAL_CLUSTER: JSON.stringify(settings),
    },
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the embedded cluster ended with ${String(code)}`))),
  ]);
  return {
    kubeconfig,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function hasJobs(kube: Kube): Promise<boolean> {
  try {
    await kube.request('GET', '/apis/batch/v1');
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function versionOf(kube: Kube): Promise<string> {
  const { gitVersion } = await kube.request<{ gitVersion: string }>('GET', '/version');
  return gitVersion;
}
