import type { Answer, Http } from './http.ts';
import { LONG_SECONDS, until } from './poll.ts';
import { readLines } from './stream.ts';
import type { Lines } from './stream.ts';

/** What a pod of the suite may differ in. */
export interface PodChange {
  meta?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  container?: Record<string, unknown>;
}

/** The image that all pods of the suite run; it has python3. */
export const IMAGE = process.env['CONTRACT_IMAGE'] ?? 'localhost/python:3';

/** A pod whose one container `main` runs Python source, with stdin. */
export function pythonPod(name: string, source: string, change: PodChange = {}): Record<string, unknown> {
  const main = {
    name: 'main',
    image: IMAGE,
    imagePullPolicy: 'IfNotPresent',
    stdin: true,
    command: ['python3', '-u', '-c', source],
    ...change.container,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...change.meta },
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      containers: [main],
      ...change.spec,
    },
  };
}

/** Source of a container that says hello and lives on. */
export const IDLE = "import time\nprint('hello', flush=True)\ntime.sleep(600)";

/** Source of a container that says hello and repeats what it reads, `got …` per read. */
export const ECHO = `
import os
os.write(1, b'hello\\n')
while True:
    data = os.read(0, 65536)
    os.write(1, b'got ' + data if data else b'EOF\\n')
    if not data: break
`;

/** The pods of one namespace. */
export interface Pods {
  /** The path of the list. */
  path: string;
  pathOf(name: string): string;
  create(name: string, source: string, change?: PodChange): Promise<Answer['json']>;
  get(name: string): Promise<Answer>;
  /** Waits until the pod is so; returns it. A pod that is gone is never so. */
  until(name: string, what: string, match: (pod: Answer['json']) => boolean, seconds?: number): Promise<Answer['json']>;
  /** Waits until the pod's one container has ended; returns the pod. */
  ended(name: string, seconds?: number): Promise<Answer['json']>;
  /** Waits until the pod does not exist. */
  gone(name: string, seconds?: number): Promise<void>;
  log(name: string, query?: Record<string, string | number | boolean>): Promise<Answer>;
  /** The log, followed from the moment it can be. */
  follow(name: string): Promise<Lines>;
  remove(name: string, graceSeconds?: number): Promise<Answer>;
}

/** The state of a pod's first container: waiting, running or terminated. */
export function stateOf(pod: Answer['json']): Answer['json'] {
  return pod.status?.containerStatuses?.[0]?.state ?? {};
}

/** Pods of a namespace over HTTP. */
export function podsOf(http: Http, namespace: string): Pods {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const get = (name: string): Promise<Answer> => http.call('GET', `${path}/${name}`);
  const untilPod: Pods['until'] = (name, what, match, seconds = LONG_SECONDS) =>
    until(
      `${what} of ${name}`,
      async () => {
        const { code, json } = await get(name);
        return code === 200 && match(json) ? json : undefined;
      },
      { seconds },
    );
  return {
    path,
    pathOf: (name) => `${path}/${name}`,
    create: (name, source, change) => http.must('POST', path, pythonPod(name, source, change)),
    get,
    until: untilPod,
    ended: (name, seconds) => untilPod(name, 'the end', (pod) => stateOf(pod).terminated !== undefined, seconds),
    gone: async (name, seconds = LONG_SECONDS) => {
      await until(`the removal of ${name}`, async () => (await get(name)).code === 404, { seconds });
    },
    log: (name, query) => http.call('GET', `${path}/${name}/log`, undefined, { query }),
    follow: (name) =>
      until(`the log of ${name}`, async () => {
        const lines = await readLines(http, `${path}/${name}/log`, { query: { container: 'main', follow: true } });
        if (lines.code === 200) return lines;
        await lines.done; // 400: not started yet
        return undefined;
      }),
    remove: (name, graceSeconds) =>
      http.call('DELETE', `${path}/${name}`, undefined, {
        query: graceSeconds === undefined ? undefined : { gracePeriodSeconds: graceSeconds },
      }),
  };
}
