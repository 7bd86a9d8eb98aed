/** Writes what derives from the schema: `node crds/generate.ts`. A test tells what is stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generated } from './generated.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of await generated()) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  // Missing or unreadable counts as stale; a real obstacle shows itself at the write.
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === text) continue;
  await writeFile(file, text);
  process.stdout.write(`${path}: written\n`);
}
