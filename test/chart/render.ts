/** helm as a function: manifests of the chart for some values. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { helmPath } from '../../tools/kubectl.ts';

const run = promisify(execFile);

/** The chart's folder. */
export const CHART = fileURLToPath(new URL('../../charts/ska-oso-oet/', import.meta.url));

// What a manifest is differs from kind to kind; a test that asks for what is not there fails.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = any;

/** Runs helm. Throws an Error with what it said on stderr. */
export async function helm(...args: readonly string[]): Promise<string> {
  return (await run(await helmPath(), args, { maxBuffer: 16 << 20 })).stdout;
}

/** All objects of the release `r1` in the namespace `telescope`. `values`: as after `--set`. */
export async function render(...values: readonly string[]): Promise<Manifest[]> {
  const sets = values.flatMap((value) => [
    value.includes('={') || value.includes('=[') ? '--set-json' : '--set',
    value,
  ]);
  const text = await helm('template', 'r1', CHART, '--namespace', 'telescope', ...sets);
  return loadAll(text).filter((manifest) => manifest !== null && manifest !== undefined);
}

/** The one object of a kind, of a name if there are several. Throws if there is none. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name ?? ''}`);
  return found[0];
}
