import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChild, type Child } from './child.ts';
import { install } from './install.ts';
import type { Paths } from './paths.ts';
import { choosePort, freePort } from './ports.ts';
import { startProbe, type Probe } from './probe.ts';
import { identify, signalProcess } from './process-info.ts';
import { readState, writeState, type SupervisorState } from './state.ts';

/** Milliseconds that operator and API, and then the cluster with its pods, get to end. */
const PART_GRACE_MS = 10_000;
const CLUSTER_GRACE_MS = 10_000;
/** So many ends of one part before everything was ready once mean that it will not be. */
const MOST_EARLY_EXITS = 5;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Options of {@link startStack}. */
export interface StackOptions {
  paths: Paths;
  namespace: string;
  restPort?: number;
  kubePort?: number;
  env: NodeJS.ProcessEnv;
  /** Called after each change of the state. */
  onChange(state: SupervisorState): void;
}

/** The running parts: cluster, operator, API. */
export interface Stack {
  readonly state: SupervisorState;
  /** Resolves when everything is ready for the first time; rejects with the reason if that cannot be. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Starts cluster, operator and API as processes, keeps them running, and writes what they do into the state file. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { paths, namespace, env } = options;
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const old = readState(paths.state);
  endLeftovers(old);
  const restPort = await choosePort('rest', options.restPort, portOf(old?.restUrl));
  const kubePort = await choosePort('kube', options.kubePort, portOf(old?.kubeUrl), [restPort]);
  const operatorPort = await freePort([restPort, kubePort]);
  const restBase = `http://127.0.0.1:${restPort}`;

  const children: Child[] = [];
  const probes: Probe[] = [];
  let settled = false;
  let stopping = false;
  const { promise: ready, resolve, reject } = Promise.withResolvers<undefined>();
  ready.catch(() => undefined); // `ready` may be looked at later, or not at all
  const state: SupervisorState = {
    supervisor: identify(process.pid),
    namespace,
    restUrl: `${restBase}/${namespace}/oet/api/v7`,
    kubeUrl: `https://127.0.0.1:${kubePort}`,
    ready: false,
    components: [],
  };

  function changed(): void {
    state.components = children.map((child) => child.state);
    state.ready = children.length === 3 && children.every((child) => child.state.ready);
    if (state.ready && !settled) {
      settled = true;
      resolve(undefined);
    }
    const hopeless = settled ? undefined : children.find((child) => child.state.restarts >= MOST_EARLY_EXITS);
    if (hopeless && !stopping)
      fail(`the ${hopeless.state.name} ends again and again (${hopeless.state.lastExit ?? ''})`);
    // The cluster ends the other parts if this process cannot.
    cluster.send({ wards: children.slice(1).flatMap((child) => child.state.process ?? []) });
    if (!stopping) writeState(paths.state, state);
    options.onChange(state);
  }
  function fail(reason: string): void {
    state.failure ??= reason;
    if (settled) return;
    settled = true;
    reject(new Error(reason));
  }
  function child(
    name: string,
    main: string,
    extra: NodeJS.ProcessEnv,
    more: { ipc?: boolean; onMessage?(message: unknown): void } = {},
  ): Child {
    const made = createChild({
      name,
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', join(ROOT, main)],
      env: { ...env, ...extra },
      log: join(paths.logs, `${name}.log`),
      onChange: changed,
      ...more,
    });
    children.push(made);
    return made;
  }

  const cluster = child(
    'cluster',
    'local/cluster-main.ts',
    {
      OET_LOCAL_CLUSTER: JSON.stringify({
        dataDir: paths.cluster,
        port: kubePort,
        kubeconfig: paths.kubeconfig,
        namespace,
      }),
    },
    {
      ipc: true,
      onMessage: (message) => {
        if ((message as { ready?: boolean }).ready) void clusterIsUp();
      },
    },
  );
  const shared = {
    KUBECONFIG: paths.kubeconfig,
    KUBE_NAMESPACE: namespace,
    OET_STORE: paths.store,
    HOST: '127.0.0.1',
    SCRIPTS_LOCATION: process.env.SCRIPTS_LOCATION ?? join(ROOT, 'docs/examples'),
  };
  const operator = child('operator', 'operator/main.ts', {
    ...shared,
    PORT: String(operatorPort),
    // The one operator of this store: its lease passes to the next process at once.
    OET_OPERATOR_IDENTITY: 'oet-local',
  });
  const rest = child('rest', 'api/main.ts', { ...shared, PORT: String(restPort) });

  let othersStarted = false;
  async function clusterIsUp(): Promise<void> {
    try {
      await install(paths.kubeconfig, namespace);
    } catch (error) {
      if (settled) options.onChange(state);
      else fail(error instanceof Error ? error.message : String(error));
      return;
    }
    if (stopping) return;
    cluster.state.ready = true;
    if (!othersStarted) {
      othersStarted = true;
      for (const [part, url] of [
        [operator, `http://127.0.0.1:${operatorPort}/readyz`],
        [rest, `${restBase}/readyz`],
      ] as const) {
        part.start();
        probes.push(
          startProbe(
            url,
            () => part.state.ready,
            (isReady) => {
              const ready = isReady && part.state.process !== undefined;
              if (part.state.ready === ready) return;
              part.state.ready = ready;
              changed();
            },
          ),
        );
      }
    }
    changed();
  }

  cluster.start();
  return {
    state,
    ready,
    async stop() {
      stopping = true;
      for (const probe of probes) probe.stop();
      await Promise.all([operator.stop(PART_GRACE_MS), rest.stop(PART_GRACE_MS)]);
      await cluster.stop(CLUSTER_GRACE_MS);
      state.ready = false;
      writeState(paths.state, state); // the ports are kept for the next start
    },
  };
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}

/** What an earlier supervisor left behind when it was killed. */
function endLeftovers(old: SupervisorState | undefined): void {
  for (const component of old?.components ?? []) if (component.process) signalProcess(component.process, 'SIGKILL');
}
