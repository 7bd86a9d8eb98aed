/** What the operator may not do, with the chart's own rights or less, and what the node refuses it: told, and mended when it is granted. */
import { get as httpGet, type ClientRequest } from 'node:http';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { kubectlPath } from '../../tools/kubectl.ts';
import { ApiProxy, currentCluster } from './harness/api-proxy.ts';
import { helm } from './harness/chart.ts';
import { later, onRealNode, restore } from './harness/node.ts';
import { ROOT } from './harness/process.ts';
import { operatorIdles, Procedures } from './harness/procedures.ts';
import { startStack, type Place, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

const ACCOUNT = 'ska-oso-oet-e2e';
const ROLE = `${ACCOUNT}-operator`;

interface Rule {
  readonly resources: readonly string[];
}

let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  stack = await startStack(asServiceAccount);
  procedures = new Procedures(stack);
});
afterEach(restore);
afterAll(() => stack.close());

/** Operator and API act as the chart's service account, with the chart's roles. */
async function asServiceAccount({ namespace, folder, kubectl, kubectlFile }: Omit<Place, 'settings'>) {
  const chart = ['template', 'e2e', `${ROOT}charts/ska-oso-oet`, '--show-only', 'templates/rbac.yaml'];
  const manifests = await helm([...chart, '--namespace', namespace]);
  expect(await kubectl(['apply', '-f', '-'], manifests)).toMatchObject({ code: 0 });
  const token = (await kubectl(['create', 'token', ACCOUNT, '--duration=1h'])).stdout.trim();
  const { url, tls } = await currentCluster(kubectlFile);
  const authority = { 'certificate-authority-data': Buffer.from(String(tls.ca)).toString('base64') };
  const file = path.join(folder, 'kubeconfig');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'account',
      clusters: [{ name: 'account', cluster: { server: url.origin, ...authority } }],
      users: [{ name: 'account', user: { token } }],
      contexts: [{ name: 'account', context: { cluster: 'account', user: 'account', namespace } }],
    }),
  );
  return { KUBECONFIG: file };
}

/** Takes a resource out of the operator's role; the result grants it again. */
async function revoke(resource: string): Promise<() => Promise<void>> {
  const { stdout } = await stack.kubectl(['get', 'role', ROLE, '-o', 'json']);
  const { rules } = JSON.parse(stdout) as { rules: readonly Rule[] };
  const set = async (granted: readonly Rule[]): Promise<void> => {
    const patch = ['patch', 'role', ROLE, '--type=merge', '-p', JSON.stringify({ rules: granted })];
    expect(await stack.kubectl(patch)).toMatchObject({ code: 0 });
  };
  await set(rules.filter(({ resources }) => !resources.includes(resource)));
  return later(() => set(rules));
}

/** The authorizer learns of a role's change by a watch. */
async function canI(verb: string, resource: string, answer: 'yes' | 'no'): Promise<void> {
  const [kind = '', subresource = ''] = resource.split('/');
  const as = `--as=system:serviceaccount:${stack.namespace}:${ACCOUNT}`;
  await until(`${answer} to ${verb} ${resource}`, async () => {
    const { stdout } = await stack.kubectl(['auth', 'can-i', verb, kind, `--subresource=${subresource}`, as]);
    return stdout.trim() === answer;
  });
}

const COUNTS = `
import itertools, time
def main():
    for i in itertools.count():
        print("line", i, flush=True)
        time.sleep(0.02)
`;
const condition = (name: string, holds: boolean, reason = '') =>
  procedures.until(name, `${holds ? '' : 'no '}condition ${reason}`, ({ conditions = [] }) => {
    const found = conditions.find(({ type }) => type === 'CaptureDegraded');
    return holds ? found?.reason === reason && found.status === 'True' : found === undefined;
  });

/** Stops it, and compares what it printed: every line up to some last one. */
async function stopsWhole(name: string): Promise<void> {
  const stop = ['patch', 'procedure', name, '--type=merge', '-p', '{"spec":{"stop":{}}}'];
  expect(await stack.kubectl(stop)).toMatchObject({ code: 0 });
  expect(await procedures.end(name)).toMatchObject({ state: 'STOPPED', reason: 'Stopped', output: { complete: true } });
  const lines = (await procedures.output(name)).trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  expect(lines).toEqual(lines.map((_, i) => `line ${i}`));
  await procedures.nothingHangs(name);
}

describe('the role lacks', () => {
  it('pods/attach: the run waits with the reason, and goes on when it is granted', async () => {
    const grant = await revoke('pods/attach');
    await canI('create', 'pods/attach', 'no');
    await procedures.run('attach', 'def main(): print("granted")');
    const waits = await procedures.until('attach', 'the reason', ({ reason }) => reason === 'AttachForbidden');
    expect(waits.state).toBe('CREATING');
    expect(waits.message).toMatch(/forbidden/);
    await procedures.run('attach-late', 'def main(): pass', { deadlines: { prepareSeconds: 15 } });
    expect(await procedures.end('attach-late')).toMatchObject({ state: 'FAILED', reason: 'AttachForbidden' });
    await grant();
    expect(await procedures.end('attach')).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    expect(await procedures.output('attach')).toBe('granted\n');
    await procedures.nothingHangs('attach');
  });

  it('pods/log: a condition says so, the attach carries the output meanwhile', async () => {
    const grant = await revoke('pods/log');
    await canI('get', 'pods/log', 'no');
    await procedures.run('log', COUNTS);
    await condition('log', true, 'LogForbidden');
    await procedures.until('log', 'RUNNING', ({ state }) => state === 'RUNNING');
    await procedures.printed('log', /^line 10$/m);
    await grant();
    await condition('log', false);
    await stopsWhole('log');
  });
});

describe('the node', () => {
  onRealNode(
    'refuses one followed log too many: it is read once a second, and followed again when there is room',
    async () => {
      const proxy = await ApiProxy.start(await kubectlPath());
      const held: ClientRequest[] = [];
      const refused: string[] = [];
      const release = later(async () => {
        for (const request of held) request.destroy();
        await proxy.close();
      });
      await procedures.run('talker', COUNTS);
      await procedures.printed('talker', /^line 1$/m);
      const pods = `${proxy.origin}/api/v1/namespaces/${stack.namespace}/pods`;
      const url = `${pods}/${await procedures.pod('talker')}/log?container=main&follow=true&tailLines=1`;
      /** One follow more; resolves when it lives or has ended. If it is refused it says so in an answer of 200, at once or a moment later. */
      const follow = (): Promise<void> =>
        new Promise((resolve, reject) => {
          const request = httpGet(url, { agent: false }, (response) => {
            let bytes = '';
            const live = setTimeout(resolve, 100);
            response.on('data', (chunk: Buffer) => (bytes += chunk.toString()));
            response.once('close', () => {
              clearTimeout(live);
              if (/fsnotify|inotify|too many open files/.test(bytes)) refused.push(bytes);
              resolve();
            });
          });
          request.on('error', reject);
          held.push(request);
        });
      for (let i = 0; i < 600 && refused.length === 0; i += 8) await Promise.all(Array.from({ length: 8 }, follow));
      if (refused.length === 0) return console.warn('skipped: this node refuses no follow of 600');

      await procedures.run('polled', COUNTS);
      await condition('polled', true, 'LogFollowRefused');
      await procedures.printed('polled', /^line 10$/m);
      await release();
      await condition('polled', false);
      await stopsWhole('polled');
      await stopsWhole('talker');
    },
  );
});

it('the operator has nothing left to do', () => operatorIdles(stack));
