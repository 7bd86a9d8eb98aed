import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The interpreter behind a name, as an absolute path: `python3` on the PATH may be a shell script that looks for one,
 * which costs each start some 30 ms. Throws when it does not run or is older than 3.9.
 */
export async function resolvePython(name: string): Promise<string> {
  const program = 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 9))';
  try {
    const { stdout } = await promisify(execFile)(name, ['-c', program]);
    return stdout.trim();
  } catch (cause) {
    throw new Error(`a Python of 3.9 or newer is needed as ${name} (set OET_LOCAL_PYTHON)`, { cause });
  }
}
