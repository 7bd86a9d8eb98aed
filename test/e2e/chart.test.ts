/** What only an installed chart has: its service account's rights, its store's volume, upgrades, and an uninstall in the middle of a run. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { chartValues, helm, image, RELEASE } from './harness/chart.ts';
import { chartWith, previousTexts } from './harness/installation.ts';
import { ROOT } from './harness/process.ts';
import { numbered } from './harness/scripts.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const CLAIM = 'journal';
const RELEASE_LABEL = `app.kubernetes.io/instance=${RELEASE}`;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await makeClaim();
  await must(['label', 'namespace', stack.namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  await install('podAnnotations.round=first');
});
afterAll(async () => {
  await stack.close();
  await stack.kubectl(['delete', 'persistentvolume', stack.namespace, '--ignore-not-found', '--wait=false']);
});

async function must(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await stack.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** A volume that outlives the pod, on a cluster that may have no storage class: a folder of the node, made writable by a pod. */
async function makeClaim(): Promise<void> {
  const { namespace } = stack;
  const hostPath = { path: `/var/tmp/oet-e2e/${namespace}`, type: 'DirectoryOrCreate' };
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      claimRef: { namespace, name: CLAIM },
      hostPath,
    },
  };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: CLAIM },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      volumeName: namespace,
      resources: { requests: { storage: '1Gi' } },
    },
  };
  const opener = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'opener' },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 0 },
      containers: [
        {
          name: 'main',
          image: image('ska-oso-oet-scripts'),
          imagePullPolicy: 'IfNotPresent',
          command: ['chmod', '777', '/store'],
          volumeMounts: [{ name: 'store', mountPath: '/store' }],
        },
      ],
      volumes: [{ name: 'store', hostPath }],
    },
  };
  const items = [volume, claim, opener];
  await must(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await must(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/opener', '--timeout=240s']);
  await must(['delete', 'pod', 'opener']);
}

const settings = (values: readonly string[]): string[] => {
  const store = ['store.persistence.enabled=true', `store.persistence.existingClaim=${CLAIM}`];
  return [...chartValues(), ...[...store, ...values].flatMap((value) => ['--set', value])];
};

async function upgradeTo(chart: string, args: readonly string[]): Promise<void> {
  await helm(['upgrade', '--install', RELEASE, chart, '--namespace', stack.namespace, ...args]);
  await stack.operator.start();
}

/** Installs or upgrades, and waits until it works. */
const install = (...values: readonly string[]): Promise<void> =>
  upgradeTo(`${ROOT}charts/ska-oso-oet`, settings(values));

const { source: PRINTS, whole: WHOLE } = numbered(3_000, 0.003);

const ENDLESS = `
import time
def main():
    print("up", flush=True)
    while True: time.sleep(0.1)
`;

/** Of both containers together. */
async function restarts(): Promise<number> {
  const path = '{.items[0].status.containerStatuses[*].restartCount}';
  const counts = await must(['get', 'pods', '-l', 'app.kubernetes.io/name=ska-oso-oet', '-o', `jsonpath=${path}`]);
  return counts.split(' ').reduce((sum, count) => sum + Number(count), 0);
}

const podOf = (id: number): Promise<string> => must(['get', 'pods', '-l', `oet.skao.int/id=${id}`, '-o', 'name']);

describe('rights', () => {
  it('of the service account are those of the table in the chart’s README, and no more', async () => {
    const text = await must([
      'auth',
      'can-i',
      '--list',
      `--as=system:serviceaccount:${stack.namespace}:ska-oso-oet-${RELEASE}`,
    ]);
    const has = new Set<string>();
    for (const line of text.split('\n').slice(1)) {
      const [, resource = '', urls = '', names = '', verbs = ''] =
        /^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]/.exec(line) ?? [];
      // What every authenticated user has: discovery, and asking about itself.
      if (resource === '' || urls !== '' || resource.startsWith('self')) continue;
      for (const verb of verbs.split(' ')) has.add(`${verb} ${resource} ${names}`.trim());
    }
    const readme = await readFile(`${ROOT}charts/ska-oso-oet/README.md`, 'utf8');
    const wanted = new Set<string>();
    for (const line of readme.split('\n')) {
      const [, role, group = '', resource = '', names = '', verbs = ''] = line.split('|').map((cell) => cell.trim());
      if (role !== 'operator' && role !== 'rest') continue;
      const [plural = '', sub] = resource.split('/');
      const full = `${plural}${group === '' ? '' : `.${group}`}${sub === undefined ? '' : `/${sub}`}`;
      for (const verb of verbs.split(', ')) wanted.add(`${verb} ${full} ${names}`.trim());
    }
    expect([...has].toSorted()).toEqual([...wanted].toSorted());
  });

  it('are not given to scripts: no token in their pods', async () => {
    const { rest } = stack;
    const id = await rest.run(
      'import os\ndef main():\n  print(os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount"))',
    );
    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe('False\n');
  });
});

describe('in the pod', () => {
  it('oet works', async () => {
    const { code, stdout } = await stack.kubectl([
      ...['exec', `deployment/ska-oso-oet-${RELEASE}`, '-c', 'rest', '--'],
      ...['oet', 'run', '--subarray_id=2', `file://${ROOT}docs/examples/hello_world_without_sb.py`],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('hello subarray 2, from procedure ');
  });

  it('there is no shell, and nothing can be written', async () => {
    const exec = ['exec', `deployment/ska-oso-oet-${RELEASE}`, '-c', 'operator', '--'];
    expect((await stack.kubectl([...exec, '/bin/sh', '-c', 'true'])).stderr).toContain('no such file');
    const write =
      'try { fs.writeFileSync("/opt/oet/x", "") } catch (error) { console.log(error.code, process.getuid()) }';
    expect(await must([...exec, 'node', '-e', write])).toBe('EROFS 65532\n');
  });

  it.each(['operator', 'api'] as const)('the container of %s ends and is started again', async (which) => {
    const { rest } = stack;
    const id = await rest.run(PRINTS);
    await until('some output', async () => (await rest.output(id)).length > 1_000);
    const before = await restarts();
    await stack[which].kill('SIGTERM');
    await until('a restart', async () => (await restarts()) > before);
    await stack[which].start();
    await until('the end', async () => (await rest.get(id).catch(() => undefined))?.state === 'COMPLETE');
    expect(await rest.output(id)).toBe(WHOLE);
  });
});

describe('a run survives', () => {
  it('an upgrade of the chart from the protocol version before, eight of them, one followed by oet and one by HTTP', async () => {
    const { rest } = stack;
    const texts = await previousTexts();
    await upgradeTo(await chartWith(texts, stack, RELEASE, settings([])), []);
    const ids = await Promise.all(Array.from({ length: 8 }, () => rest.create(PRINTS)));
    await Promise.all(ids.map((id) => rest.state(id, 'READY')));
    const command = '{.items[0].spec.containers[0].command[3]}';
    const label = `oet.skao.int/id=${ids[0]}`;
    expect(await must(['get', 'pods', '-l', label, '-o', `jsonpath=${command}`])).toBe(texts.bootstrap);
    await Promise.all(ids.map((id) => rest.start(id)));
    const [byOet = 0, byHttp = 0] = ids;
    const oet = stack.oet(['procedure', 'logs', String(byOet), '--follow']);
    const cut = rest.follow(byHttp);
    await Promise.all(ids.map((id) => until('some output', async () => (await rest.output(id)).length > 1_000)));

    await install('podAnnotations.round=second');

    for (const id of ids) {
      await rest.state(id, 'COMPLETE');
      expect(await rest.output(id)).toBe(WHOLE);
      const { history } = await rest.get(id);
      expect(history.process_states.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
    }
    expect(await oet).toMatchObject({ code: 0, stdout: WHOLE });
    // A plain HTTP client is cut with the API; what it has is a beginning, and it goes on from there.
    await cut.done.catch(() => undefined);
    expect(WHOLE.startsWith(cut.text())).toBe(true);
    const remainder = await rest.output(byHttp, `?from=${Buffer.byteLength(cut.text())}`);
    expect(cut.text() + remainder).toBe(WHOLE);
  });

  it('an uninstall, and a new install takes it up', async () => {
    const { rest } = stack;
    const unwanted = await rest.run(ENDLESS);
    await until('its first line', async () => (await rest.output(unwanted)) === 'up\n');
    // It is to be at it still when the operator goes, which helm takes a while to bring about.
    const long = numbered(8_000, 0.003);
    const id = await rest.run(long.source);
    await until('some output', async () => (await rest.output(id)).length > 1_000);

    await helm(['uninstall', RELEASE, '--namespace', stack.namespace, '--wait']);

    const kept = ['configmap/oet-ids', 'lease/oet-operator', `pvc/${CLAIM}`, 'crd/procedures.oet.skao.int'];
    for (const name of [...kept, `procedure/procedure-${id}`])
      expect(await must(['get', name, '-o', 'name'])).not.toBe('');
    expect(await must(['get', 'deployments,services,serviceaccounts,roles', '-l', RELEASE_LABEL, '-o', 'name'])).toBe(
      '',
    );
    expect(await podOf(id)).not.toBe('');
    // Nothing that a namespace's deletion would wait for.
    const finalizers = ['-o', 'jsonpath={.items[*].metadata.finalizers}'];
    expect(await must(['get', 'procedures,pods,configmaps,leases', ...finalizers])).toBe('');
    // With nobody there the one way to stop a script is to delete its pod, or the procedure.
    await must(['delete', '--grace-period=3', (await podOf(unwanted)).trim()]);

    await install();

    await rest.state(id, 'COMPLETE');
    expect(await rest.output(id)).toBe(long.whole);
    expect(await rest.state(unwanted, 'UNKNOWN')).toMatchObject({ reason: 'PodLost' });
  });
});

it('the namespace goes while a script runs', async () => {
  const { rest, namespace } = stack;
  const id = await rest.run(ENDLESS);
  await until('its first line', async () => (await rest.output(id)) === 'up\n');
  // Where the operator goes first, the runner waits out its grace with what was not captured.
  await must(['delete', 'namespace', namespace, '--timeout=400s']);
});
