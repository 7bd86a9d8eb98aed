import { randomBytes } from 'node:crypto';
import { connect, pathOf, PROCEDURES } from '../../../kube/index.ts';
import type { Kube } from '../../../kube/index.ts';
import { rawAttach } from './attach.ts';
import type { RawAttach } from './attach.ts';
import { httpOver } from './http.ts';
import type { Http } from './http.ts';
import { podsOf } from './pods.ts';
import type { Pods } from './pods.ts';
import { until } from './poll.ts';
import { openWatch } from './stream.ts';
import type { Watch } from './stream.ts';

/** What the embedded cluster lets a case turn, so that it need not provoke what a real node does by itself. */
export interface NodeKnobs {
  attachLossMs: number;
  loseTail: number;
  maxFollows: number;
}

/** The same of its API server. */
export interface ServerKnobs {
  bookmarkMs: number;
}

/** A cluster under test, and a namespace in it that nobody else uses. */
export interface Cluster extends Http {
  kube: Kube;
  /** Path of the kubeconfig, for kubectl. */
  kubeconfig: string;
  namespace: string;
  /** Path of a core resource in the namespace: `core('configmaps', 'a')`. */
  core(...rest: string[]): string;
  /** Path of Procedures in the namespace. */
  procedures(...rest: string[]): string;
  pods: Pods;
  attach(pod: string, query?: string, token?: string): Promise<RawAttach>;
  watch(path: string, query?: Record<string, string | number | boolean>): Promise<Watch>;
  /** A name that no other case has. */
  unique(prefix: string): string;
  /** Only where the cluster is the embedded one. */
  knobs?: NodeKnobs;
  serverKnobs?: ServerKnobs;
  /** Undone in reverse order when the suite is over. */
  atEnd(undo: () => Promise<unknown>): void;
  end(): Promise<void>;
}

/** Connects, and makes the namespace. */
export async function openCluster(kubeconfig: string, knobs?: NodeKnobs): Promise<Cluster> {
  const kube = await connect({ kubeconfig, userAgent: 'oet-contract' });
  const http = httpOver(kube);
  const namespace = `contract-${randomBytes(4).toString('hex')}`;
  const core = (...rest: string[]): string => ['/api/v1/namespaces', namespace, ...rest].join('/');
  const undo: (() => Promise<unknown>)[] = [];
  let count = 0;
  await http.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await until('the default service account', async () => {
    return (await http.call('GET', core('serviceaccounts', 'default'))).code === 200;
  });
  const pods = podsOf(http, namespace);
  return {
    ...http,
    kube,
    kubeconfig,
    namespace,
    core,
    procedures: (...rest) => pathOf(PROCEDURES, namespace, ...rest),
    pods,
    async attach(pod, query = 'container=main&stdin=true', token) {
      const attached = await rawAttach(kube, pods.pathOf(pod), query, token);
      undo.push(() => {
        attached.socket.terminate(); // does nothing where it is closed
        return attached.closed;
      });
      return attached;
    },
    watch: (path, query) => openWatch(http, path, query),
    unique: (prefix) => `${prefix}-${++count}`,
    ...(knobs ? { knobs } : {}),
    atEnd: (f) => void undo.push(f),
    async end() {
      for (const f of undo.reverse()) await f();
      await freeAll(http, [pods.path, core('configmaps')]);
      await http.call('DELETE', pods.path, undefined, { query: { gracePeriodSeconds: 0 } }); // else their grace is waited for
      await http.call('DELETE', core());
      http.close();
      await kube.close();
    },
  };
}

/** A case that failed half-way may have left a finalizer, on which the namespace would hang. */
async function freeAll(http: Http, lists: string[]): Promise<void> {
  for (const list of lists) {
    const { items } = (await http.must('GET', list)) as {
      items: { metadata: { name: string; finalizers?: string[] } }[];
    };
    for (const { metadata } of items) {
      if (metadata.finalizers === undefined) continue;
      await http.call('PATCH', `${list}/${metadata.name}`, { metadata: { finalizers: null } });
    }
  }
}
