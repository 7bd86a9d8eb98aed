/**
 * kubectl itself, command by command: what it prints is compared with what it printed on a real node, up to names and
 * times. CONTRACT_REAL=1 compares the cluster of KUBECONFIG; CONTRACT_RECORD=1 with it writes golden/kubectl.txt anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterUnderTest } from './embedded.ts';
import type { Cluster } from './harness/cluster.ts';
import { collectorKnowsProcedures } from './harness/collector.ts';
import { installCrd } from './harness/install.ts';
import { kubectlOn } from './harness/kubectl.ts';
import type { Kubectl, Output } from './harness/kubectl.ts';
import { IMAGE } from './harness/pods.ts';
import { until } from './harness/poll.ts';
import { normal } from './kubectl/normal.ts';
import { STEPS } from './kubectl/steps.ts';

const GOLDEN = new URL('golden/kubectl.txt', import.meta.url);
const RECORD = process.env['CONTRACT_RECORD'] === '1';
const STEP_MS = 400_000;

const title = (args: readonly string[], index: number): string =>
  `${String(index + 1).padStart(3)} kubectl ${args.join(' ').replace(IMAGE, 'IMAGE')}`;

function written({ stdout, stderr, code }: Output): string {
  return [stdout, stderr && `--- stderr\n${stderr}`, `--- exit ${String(code)}\n`]
    .filter((part) => part !== '')
    .map((part) => (part.endsWith('\n') ? part : `${part}\n`))
    .join('');
}

describe('kubectl', () => {
  let cluster: Cluster;
  let kubectl: Kubectl;
  let node: string;
  let golden: Map<string, string>;
  const seen: string[] = [];

  beforeAll(async () => {
    cluster = await clusterUnderTest();
    await installCrd(cluster);
    // What a delete with --cascade waits for.
    await collectorKnowsProcedures(cluster);
    kubectl = await kubectlOn(cluster);
    node = (await cluster.must('GET', '/api/v1/nodes')).items[0].metadata.name;
    const text = RECORD ? '' : await readFile(GOLDEN, 'utf8');
    golden = new Map(
      text
        .split(/^(?=# *\d+ kubectl )/m)
        .filter((part) => part !== '')
        .map((part): [string, string] => {
          const end = part.indexOf('\n');
          return [part.slice(2, end), part.slice(end + 1)];
        }),
    );
  }, 300_000);

  afterAll(async () => {
    if (RECORD) await writeFile(GOLDEN, seen.join(''));
    await kubectl.close();
    await cluster.end();
  }, 120_000);

  it.each(STEPS.map((step, index) => ({ ...step, name: title(step.args, index) })))(
    '$name',
    async ({ name, args, input, lines, mute, env, embedded, until: wanted }) => {
      const text = input === undefined || typeof input === 'string' ? input : JSON.stringify(input);
      const typed = args.map((word) => word.replaceAll('NAMESPACE', cluster.namespace).replaceAll('IMAGE', IMAGE));
      const output = await until(
        String(wanted),
        async () => {
          const got = await kubectl.run(typed, { input: text, lines, env });
          return wanted === undefined || wanted.test(got.stdout) ? got : undefined;
        },
        { everyMs: 100 },
      );
      const shown = normal(written(mute === true ? { ...output, stdout: '', stderr: '' } : output), cluster, node);
      seen.push(`# ${name}\n${shown}`);

      if (embedded && cluster.knobs) expect(shown).toMatch(embedded);
      else if (!RECORD) expect(shown).toBe(golden.get(name));
    },
    STEP_MS,
  );
});
