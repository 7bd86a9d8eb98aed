/**
 * Bundles the command line: build/oet.mjs and its chunks, of which the one with axios is loaded when a call is made.
 * Run: node tools/build.ts. Needs esbuild; what it writes needs Node only.
 */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };

/** An `oet` that started before this build may still load a chunk of the last one. */
const KEEP_OLD_MS = 3_600_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = join(root, 'build');

async function bundle(): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { oet: 'cli/main.ts' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'oet-[name]-[hash]',
    // Packages in CommonJS call require(), which an ES module does not have.
    banner: {
      js: "import{createRequire as __oetRequire}from'node:module';const require=__oetRequire(import.meta.url);",
    },
    define: { OET_VERSION: JSON.stringify(packageJson.version) },
    write: false,
    logLevel: 'warning',
  });
  await mkdir(outdir, { recursive: true });
  // The entry point comes last, each file whole: another `oet` may be starting.
  const isEntry = (path: string): number => (basename(path) === 'oet.mjs' ? 1 : 0);
  for (const { path, contents } of outputFiles.toSorted((a, b) => isEntry(a.path) - isEntry(b.path))) {
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, contents);
    await rename(temporary, path);
  }
  await removeOld(new Set(outputFiles.map(({ path }) => basename(path))));
}

async function removeOld(current: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(outdir)) {
    if (!/^oet-.*\.mjs(?:\.\d+)?$/.test(name) || current.has(name)) continue;
    const path = join(outdir, name);
    if (Date.now() - (await stat(path)).mtimeMs > KEEP_OLD_MS) await rm(path, { force: true });
  }
}

await bundle();
