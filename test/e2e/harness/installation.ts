/** Operators with another bootstrap and runner than today's: of the version before, or of one that does not exist. */
import { loadAll } from 'js-yaml';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { helm } from './chart.ts';
import { freePort } from './ports.ts';
import { processOf, ROOT } from './process.ts';
import type { Part, Stack } from './stack.ts';

/** What an operator hands to its pods. */
export interface Texts {
  readonly bootstrap: string;
  readonly runner: string;
}

const read = (file: string): Promise<string> => readFile(ROOT + file, 'utf8');

/** Protocol version 1's, as they were before there was a second one. */
export async function previousTexts(): Promise<Texts> {
  return {
    bootstrap: await read('journal/golden/v1/bootstrap.py'),
    runner: await read('journal/golden/v1/runner.py'),
  };
}

/** Today's, but for the version that the bootstrap says. */
export async function textsSaying(version: number): Promise<Texts> {
  const bootstrap = await read('runner/bootstrap.py');
  const other = bootstrap.replace('"v":2,', `"v":${version},`);
  if (other === bootstrap) throw new Error('the bootstrap says another version than 2');
  return { bootstrap: other, runner: await read('runner/dist/runner.py') };
}

/**
 * An operator for the stack's namespace and store whose pods get these texts: a copy of today's program with them in it, not
 * started yet. What it writes to the resource and to the store is what the version before wrote.
 */
export async function operatorWith(texts: Texts, stack: Stack, name: string): Promise<Part> {
  const root = path.join(stack.folder, name, '/');
  await mkdir(`${root}runner/dist`, { recursive: true });
  for (const part of ['crds', 'kube', 'journal', 'operator', 'package.json'])
    await cp(ROOT + part, root + part, { recursive: true });
  await symlink(`${ROOT}node_modules`, `${root}node_modules`);
  await writeFile(`${root}runner/bootstrap.py`, texts.bootstrap);
  await writeFile(`${root}runner/dist/runner.py`, texts.runner);
  return processOf(stack, { name: 'operator', port: await freePort(), root });
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly template?: { readonly spec?: PodSpec } };
}
interface PodSpec {
  readonly containers: readonly { readonly command?: readonly string[]; readonly volumeMounts?: object[] }[];
  readonly volumes?: object[];
}

/**
 * The chart as it is rendered with these arguments of helm, made into a chart of its own in which the operator's container has
 * these texts in place of its image's. Its objects have the same names, so that an upgrade to the real chart replaces them.
 */
export async function chartWith(texts: Texts, stack: Stack, release: string, args: readonly string[]): Promise<string> {
  const namespace = ['--namespace', stack.namespace];
  const rendered = await helm(['template', release, `${ROOT}charts/ska-oso-oet`, ...namespace, ...args]);
  const manifests = loadAll(rendered) as (Manifest | null)[];
  const name = 'other-runner';
  const items = [
    { key: 'bootstrap', path: 'bootstrap.py' },
    { key: 'runner', path: 'dist/runner.py' },
  ];
  let found = 0;
  for (const manifest of manifests) {
    const spec = manifest?.spec?.template?.spec;
    for (const container of spec?.containers ?? []) {
      if (container.command?.[0] !== 'oet-operator') continue;
      container.volumeMounts?.push({ name, mountPath: '/opt/oet/runner', readOnly: true });
      spec?.volumes?.push({ name, configMap: { name, items } });
      found++;
    }
  }
  if (found !== 1) throw new Error(`the chart has ${found} containers that run oet-operator`);
  const root = path.join(stack.folder, 'chart', '/');
  await mkdir(`${root}templates`, { recursive: true });
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { ...texts } };
  const all = [...manifests.filter((manifest) => manifest !== null), configMap];
  await writeFile(`${root}Chart.yaml`, 'apiVersion: v2\nname: ska-oso-oet\nversion: 0.0.1\n');
  await writeFile(`${root}all.yaml`, all.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
  // As it is: the scripts in it hold what would be read as templates.
  await writeFile(`${root}templates/all.yaml`, '{{ .Files.Get "all.yaml" }}\n');
  return root;
}
