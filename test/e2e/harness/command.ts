/** Commands as a user types them. */
import { spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; input goes to its stdin. Never throws for an exit code. */
export function command(
  file: string,
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const { env, input, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, NODE_OPTIONS: '', ...env }, ...(signal && { signal }) });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.on('error', () => undefined); // it ended without reading: its exit code tells
    child.stdin.end(input ?? '');
  });
}
