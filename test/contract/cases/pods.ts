import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import { IDLE, IMAGE, pythonPod, stateOf } from '../harness/pods.ts';
import type { PodChange } from '../harness/pods.ts';
import type { Cluster } from '../harness/cluster.ts';

/** Source that tells of its SIGTERM and then ends. */
const POLITE = `
import os, signal, time
def stop(*_):
    print('SIGTERM', flush=True)
    os._exit(7)
signal.signal(signal.SIGTERM, stop)
print('hello', flush=True)
while True: time.sleep(1)
`;

/** The same, but that it ends when a byte comes after that: a machine that stalls does not lose its last word. */
const WAITING = POLITE.replace('os._exit(7)', 'os.read(0, 1)\n    os._exit(7)');

/** Source that ignores SIGTERM. */
const STUBBORN = `
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('hello', flush=True)
while True: time.sleep(1)
`;

async function running(cluster: Cluster, prefix: string, source: string, change?: PodChange): Promise<string> {
  const name = cluster.unique(prefix);
  await cluster.pods.create(name, source, change);
  await cluster.pods.until(name, 'Running', ({ status }) => status.phase === 'Running');
  return name;
}

/** A pod's life, from its create to its removal. */
export const PODS: readonly ContractCase[] = [
  contract('a pod is filled in, and begins as Pending', async (cluster) => {
    const pod = await cluster.pods.create(cluster.unique('made'), IDLE);

    expect(pod.metadata.generation).toBe(1);
    expect(pod.spec).toMatchObject({
      restartPolicy: 'Never',
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      schedulerName: 'default-scheduler',
      securityContext: {},
      priority: 0,
      containers: [{ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', resources: {} }],
    });
    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  }),

  contract('what is left out of a pod has its usual value', async (cluster) => {
    const bare = {
      metadata: { name: cluster.unique('bare') },
      spec: { containers: [{ name: 'a', image: IMAGE, command: ['true'] }] },
    };
    const pod = await cluster.must('POST', cluster.pods.path, bare, { query: { dryRun: 'All' } });

    expect(pod.spec).toMatchObject({
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
    });
    expect(pod.spec.containers[0].imagePullPolicy).toBe('IfNotPresent');
  }),

  contract('a running pod has a node, an address, a start time and a started container', async (cluster) => {
    const name = await running(cluster, 'running', IDLE);
    const { spec, status } = (await cluster.pods.get(name)).json;
    const condition = (type: string): string =>
      status.conditions.find((one: { type: string }) => one.type === type)?.status;

    expect(spec.nodeName).toBeTruthy();
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: expect.any(String),
      hostIP: expect.any(String),
      startTime: expect.stringMatching(/Z$/),
    });
    expect(['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition)).toEqual([
      'True',
      'True',
      'True',
      'True',
    ]);
    expect(status.containerStatuses).toMatchObject([
      {
        name: 'main',
        ready: true,
        started: true,
        restartCount: 0,
        lastState: {},
        state: { running: { startedAt: expect.any(String) } },
      },
    ]);
    expect(status.containerStatuses[0].containerID).toMatch(/^[a-z-]+:\/\/\S+$/);
  }),

  contract('a watch of a pod that ends: Pending, Running, then its end, in this order', async (cluster) => {
    const name = cluster.unique('phases');
    const watch = await cluster.watch(cluster.pods.path, { fieldSelector: `metadata.name=${name}` });
    await cluster.pods.create(name, 'import sys; sys.stdin.readline()');
    await cluster.pods.until(name, 'Running', ({ status }) => status.phase === 'Running');
    const attached = await cluster.attach(name);
    await attached.send('go\n');
    await watch.find('the end', ({ object }) => object.status.phase === 'Succeeded');
    watch.close();
    const phases = watch.events().map(({ object }) => String(object.status.phase));

    expect(watch.events()[0]!.type).toBe('ADDED');
    expect(phases.filter((phase, index) => phase !== phases[index - 1])).toEqual(['Pending', 'Running', 'Succeeded']);
  }),

  contract('the spec of a pod is fixed, its labels are not', async (cluster) => {
    const name = cluster.unique('fixed');
    await cluster.pods.create(name, IDLE);
    const spec = await cluster.call('PATCH', cluster.pods.pathOf(name), { spec: { restartPolicy: 'Always' } });
    const labels = await cluster.call('PATCH', cluster.pods.pathOf(name), { metadata: { labels: { a: 'b' } } });

    expect(spec.code).toBe(422);
    expect(spec.json.details.causes[0]).toMatchObject({ reason: 'FieldValueForbidden', field: 'spec' });
    expect(spec.json.message).toContain(
      `Pod "${name}" is invalid: spec: Forbidden: pod updates may not change fields other than`,
    );
    expect(labels.json.metadata.labels).toEqual({ a: 'b' });
  }),

  contract('a wrong pod is refused, and the answer names each field', async (cluster) => {
    const post = (spec: object, query?: Record<string, string>) =>
      cluster.call('POST', cluster.pods.path, { metadata: { name: 'wrong' }, spec }, { query });
    const none = await post({ containers: [] });
    const several = await post({ restartPolicy: 'Sometimes', containers: [{ name: 'A_', image: 'x' }, { name: 'b' }] });
    const unknown = await post(
      { colour: 1, containers: [{ name: 'a', image: 'x', colour: 2 }] },
      { fieldValidation: 'Strict' },
    );
    const account = await post({ serviceAccountName: 'nobody', containers: [{ name: 'a', image: 'x' }] });
    const mount = await post({
      containers: [{ name: 'a', image: 'x', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    });

    expect(none.json.message).toBe('Pod "wrong" is invalid: spec.containers: Required value');
    expect(several.json.details.causes).toHaveLength(3);
    expect(several.json.details.causes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field: 'spec.containers[0].name', reason: 'FieldValueInvalid' }),
        expect.objectContaining({ field: 'spec.containers[1].image', reason: 'FieldValueRequired' }),
        {
          field: 'spec.restartPolicy',
          reason: 'FieldValueNotSupported',
          message: 'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        },
      ]),
    );
    expect(unknown.json.message).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.colour", unknown field "spec.containers[0].colour"',
    );
    expect(account.json).toMatchObject({
      code: 403,
      message: `pods "wrong" is forbidden: error looking up service account ${cluster.namespace}/nobody: serviceaccount "nobody" not found`,
    });
    expect(mount.json.message).toContain('spec.containers[0].volumeMounts[0].name: Not found: "v"');
  }),

  contract('a delete asks the container to end: SIGTERM, its own end, then the removal', async (cluster) => {
    const name = await running(cluster, 'polite', WAITING, { spec: { terminationGracePeriodSeconds: 100 } });
    const log = await cluster.pods.follow(name);
    await log.find(/hello/);
    const attached = await cluster.attach(name);
    const { metadata } = (await cluster.pods.get(name)).json;
    const watch = await cluster.watch(cluster.pods.path, {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: metadata.resourceVersion,
    });
    const before = Date.now();
    const answer = await cluster.pods.remove(name);
    const again = await cluster.pods.remove(name);
    await log.find(/^SIGTERM$/);
    await attached.send('x');
    await cluster.pods.gone(name);
    await log.done;
    await watch.find('the removal', ({ type }) => type === 'DELETED');
    watch.close();
    const states = watch.events().map(({ object }) => stateOf(object).terminated?.exitCode as number | undefined);
    const marked = watch.events().findIndex(({ object }) => object.metadata.deletionTimestamp !== undefined);

    expect(answer.code).toBe(200);
    expect(answer.json.metadata.deletionGracePeriodSeconds).toBe(100);
    // The time at which the grace is over, not the time of the delete.
    expect(Date.parse(answer.json.metadata.deletionTimestamp) - before).toBeGreaterThan(98_000);
    expect(again.json.metadata.deletionTimestamp).toBe(answer.json.metadata.deletionTimestamp);
    expect(log.all).toContain('SIGTERM');
    // What the kubelet still had to say of the start may come first.
    expect(marked).toBeGreaterThanOrEqual(0);
    expect(marked).toBeLessThan(states.indexOf(7));
    expect(watch.events().at(-1)!.type).toBe('DELETED');
  }),

  contract('a container that ignores SIGTERM is killed when the grace is over', async (cluster) => {
    const name = await running(cluster, 'stubborn', STUBBORN, { spec: { terminationGracePeriodSeconds: 1 } });
    await (await cluster.pods.follow(name)).find(/hello/);
    const { metadata } = (await cluster.pods.get(name)).json;
    const watch = await cluster.watch(cluster.pods.path, {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: metadata.resourceVersion,
    });
    const started = performance.now();
    await cluster.pods.remove(name);
    const { object } = await watch.find('the end', (event) => stateOf(event.object).terminated !== undefined);
    await cluster.pods.gone(name);
    watch.close();

    expect(performance.now() - started).toBeGreaterThan(900);
    expect(stateOf(object).terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
  }),

  contract('PID 1 without a handler ignores SIGTERM until the grace is over', async (cluster) => {
    const name = cluster.unique('deafone');
    await cluster.pods.create(name, "import time\nprint('hello', flush=True)\nwhile True: time.sleep(1)", {
      spec: { terminationGracePeriodSeconds: 2 },
    });
    await (await cluster.pods.follow(name)).find(/hello/);
    const started = performance.now();
    await cluster.pods.remove(name);
    await cluster.pods.gone(name);

    expect(performance.now() - started).toBeGreaterThan(2000);
  }),

  contract('a delete without grace removes the pod at once', async (cluster) => {
    const name = await running(cluster, 'forced', STUBBORN);
    const { code } = await cluster.pods.remove(name, 0);

    expect(code).toBe(200);
    expect((await cluster.pods.get(name)).code).toBe(404);
  }),

  contract('a second delete may shorten the grace, not lengthen it', async (cluster) => {
    const name = await running(cluster, 'shorter', STUBBORN, { spec: { terminationGracePeriodSeconds: 600 } });
    await (await cluster.pods.follow(name)).find(/hello/);
    const first = await cluster.pods.remove(name);
    const shorter = await cluster.pods.remove(name, 200); // long enough for it to be there still
    const longer = await cluster.pods.remove(name, 400);

    expect(first.json.metadata.deletionGracePeriodSeconds).toBe(600);
    expect(shorter.json.metadata.deletionGracePeriodSeconds).toBe(200);
    expect(longer.json.metadata.deletionGracePeriodSeconds).toBe(200);
    await cluster.pods.remove(name, 0);
    await cluster.pods.gone(name);
  }),

  contract('a pod that has ended, or never got a node, goes at once', async (cluster) => {
    const ended = cluster.unique('over');
    await cluster.pods.create(ended, 'print(1)');
    await cluster.pods.until(ended, 'its end', ({ status }) => status.phase === 'Succeeded');
    await cluster.pods.remove(ended);
    await cluster.pods.gone(ended);
    const homeless = cluster.unique('homeless');
    await cluster.pods.create(homeless, IDLE, { spec: { nodeSelector: { 'contract.example.com/no': 'where' } } });
    await cluster.pods.remove(homeless);

    expect((await cluster.pods.get(homeless)).code).toBe(404);
  }),

  contract('a pod that fits no node is Pending, and a condition says why', async (cluster) => {
    const name = cluster.unique('homeless');
    await cluster.pods.create(name, IDLE, { spec: { nodeSelector: { 'contract.example.com/no': 'where' } } });
    const pod = await cluster.pods.until(name, 'the scheduler’s word', ({ status }) => status.conditions !== undefined);

    expect(pod.status.phase).toBe('Pending');
    expect(pod.status.conditions).toMatchObject([
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: expect.stringMatching(
          /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector/,
        ),
      },
    ]);
  }),

  contract('an eviction is a delete', async (cluster) => {
    const name = await running(cluster, 'evicted', POLITE);
    await (await cluster.pods.follow(name)).find(/hello/);
    const evict = (pod: string) =>
      cluster.call('POST', `${cluster.pods.pathOf(pod)}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: pod },
      });
    const { code, json } = await evict(name);
    await cluster.pods.gone(name);

    expect(code).toBe(201);
    expect(json).toMatchObject({ kind: 'Status', status: 'Success' });
    expect((await evict('nobody')).code).toBe(404);
  }),

  contract('a pod that outlives its deadline is ended: Failed, DeadlineExceeded', async (cluster) => {
    const name = cluster.unique('deadline');
    await cluster.pods.create(name, POLITE, { spec: { activeDeadlineSeconds: 1 } });
    const { status } = await cluster.pods.until(name, 'its end', (pod) => pod.status.phase === 'Failed');

    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
  }),

  contract('a patch of a pod’s status reaches the status alone', async (cluster) => {
    const name = await running(cluster, 'patched', IDLE);
    const pod = await cluster.must(
      'PATCH',
      `${cluster.pods.pathOf(name)}/status`,
      {
        spec: { restartPolicy: 'Always' },
        status: { conditions: [{ type: 'contract.example.com/Seen', status: 'True' }] },
      },
      { type: 'application/strategic-merge-patch+json' },
    );

    expect(pod.spec.restartPolicy).toBe('Never');
    expect(pod.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'contract.example.com/Seen', status: 'True' }),
    );
    expect(pod.status.conditions.length).toBeGreaterThan(4);
  }),

  contract('many pods at once all run, each with its own output', async (cluster) => {
    const names = Array.from({ length: 12 }, () => cluster.unique('crowd'));
    await Promise.all(
      names.map((name) =>
        cluster.must('POST', cluster.pods.path, pythonPod(name, `import time; print('${name}'); time.sleep(1)`)),
      ),
    );
    await Promise.all(names.map((name) => cluster.pods.ended(name)));
    const logs = await Promise.all(names.map(async (name) => (await cluster.pods.log(name)).text));

    expect(logs).toEqual(names.map((name) => `${name}\n`));
  }),
];
