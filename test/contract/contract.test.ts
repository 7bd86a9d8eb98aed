import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { clusterUnderTest } from './embedded.ts';
import type { Cluster } from './harness/cluster.ts';
import { installCrd } from './harness/install.ts';
import { REAL_ONLY } from './real-only.ts';
import { SUITE } from './suite.ts';

/** Beyond any time that a case waits by itself. */
const CASE_MS = 600_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await clusterUnderTest();
  await installCrd(cluster);
}, 300_000);
afterAll(() => cluster.end(), 120_000);

const all = SUITE.flatMap(({ topic, cases }) => cases.map((one) => ({ ...one, name: `${topic}: ${one.name}` })));
const real = process.env['CONTRACT_REAL'] === '1';
if (real) all.push(...REAL_ONLY.map((one) => ({ ...one, name: `real only: ${one.name} (${one.reason})` })));
const isAlone = ({ alone }: (typeof all)[number]): boolean => alone === true || (alone === 'embedded' && !real);
const quiet = all.filter((one) => !isAlone(one));
const alone = all.filter(isAlone);

describe('side by side', () => {
  for (const one of quiet) it.concurrent(one.name, () => one.run(cluster), CASE_MS);
});

describe('one after the other', () => {
  for (const one of alone) it(one.name, () => one.run(cluster), CASE_MS);
});
