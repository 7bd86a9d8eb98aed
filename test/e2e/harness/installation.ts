/** Operators with another bootstrap and runner than today's: of the version before, or of one that does not exist. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort, processOf, ROOT } from './process.ts';
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
