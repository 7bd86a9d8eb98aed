/** The term's ports on a real cluster: what runTerm needs, by way of kube/ and the file system. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LABELS, MANAGED_BY, UNFINISHED_SELECTOR } from '../crds/constants.ts';
import type { Procedure } from '../crds/index.ts';
import { losslessParse } from '../journal/index.ts';
import type { JournalStore } from '../journal/types.ts';
import { IdCounter } from '../kube/counter.ts';
import {
  CONFIG_MAPS,
  EventRecorder,
  isNotFound,
  PODS,
  PROCEDURES,
  Reflector,
  resource,
  systemClock,
  type ConfigMap,
  type Kube,
  type Resource,
  type ResourceType,
} from '../kube/index.ts';
import type { Log } from './capture/ports.ts';
import type { Config } from './config.ts';
import type { OperatorMetrics } from './metrics.ts';
import { leanPod } from './reconcile/lean.ts';
import { containerStreams } from './streams.ts';
import type { TermPorts } from './term.ts';

/** Numbers that JavaScript would round stay as the client wrote them. */
const EXACT_PROCEDURES: ResourceType<Procedure> = { ...PROCEDURES, parse: losslessParse };

export interface OperatorOptions {
  readonly kube: Kube;
  readonly store: JournalStore;
  readonly config: Config;
  readonly session: number;
  readonly log: Log;
  readonly metrics: OperatorMetrics;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onReady: TermPorts['onReady'];
}

export async function termPorts(options: OperatorOptions): Promise<TermPorts> {
  const { kube, store, config, session, log, metrics, onReady } = options;
  const namespace = config.KUBE_NAMESPACE;
  const holder = config.OET_OPERATOR_IDENTITY;
  const configMaps = resource(kube, CONFIG_MAPS, namespace);
  const recorder = new EventRecorder({ kube, controller: 'oet.skao.int/operator', instance: holder, logger: log });
  return {
    namespace,
    session,
    holder,
    procedures: resource(kube, EXACT_PROCEDURES, namespace),
    pods: resource(kube, PODS, namespace),
    watchProcedures: (onChange) =>
      new Reflector({
        kube,
        type: EXACT_PROCEDURES,
        namespace,
        fieldSelector: UNFINISHED_SELECTOR,
        onChange,
        logger: log,
      }),
    watchPods: (onChange) =>
      new Reflector({
        kube,
        type: PODS,
        namespace,
        labelSelector: `${LABELS.managedBy}=${MANAGED_BY}`,
        transform: leanPod,
        onChange,
        logger: log,
      }),
    streamsOf: (pod) => containerStreams(kube, namespace, pod),
    store,
    ids: new IdCounter({ configMaps }),
    scripts: { folders: config.OET_SCRIPTS_PATH, configMapKey: (name, key) => configMapKey(configMaps, name, key) },
    runner: await runnerSource(),
    podSettings: {
      bootstrap: await readFile(new URL('../runner/bootstrap.py', import.meta.url), 'utf8'),
      image: config.OET_SCRIPT_IMAGE,
      imagePullPolicy: config.OET_SCRIPT_IMAGE_PULL_POLICY,
      runAsUser: config.OET_SCRIPT_USER,
      env: passedOn(config.OET_SCRIPT_ENV, options.env),
    },
    settings: { toleranceMs: config.OET_TOLERANCE_SECONDS * 1000, stopAnswerMs: 500, drainMs: 30_000 },
    concurrentStarts: config.OET_CONCURRENT_STARTS,
    record: (object, input) => recorder.record(object, input),
    clock: systemClock,
    log,
    onWait: (ms, priority) => metrics.waited(ms, priority),
    onPass: (ms, outcome) => metrics.passed(ms, outcome),
    onReady,
  };
}

async function configMapKey(configMaps: Resource<ConfigMap>, name: string, key: string): Promise<Buffer | undefined> {
  try {
    const { data, binaryData } = await configMaps.get(name);
    const binary = binaryData?.[key];
    if (binary !== undefined) return Buffer.from(binary, 'base64');
    const text = data?.[key];
    return text === undefined ? undefined : Buffer.from(text);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function runnerSource(): Promise<{ source: string; sha256: string }> {
  const source = await readFile(new URL('../runner/dist/runner.py', import.meta.url), 'utf8');
  return { source, sha256: createHash('sha256').update(source).digest('hex') };
}

function passedOn(names: readonly string[], env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
