/**
 * Holds an API server against cases.ts: `node crds/testing/on-cluster.ts` with a KUBECONFIG whose cluster has the CRD. Uses a
 * namespace of its own. Exits with 1 if an answer differs.
 */
import { execFile } from 'node:child_process';
import { API_VERSION, KIND, PLURAL } from '../constants.ts';
import { type Answer, CASES, UNKNOWN } from './cases.ts';

interface Reply {
  ok: boolean;
  text: string;
}

async function kubectl(args: readonly string[], input?: unknown): Promise<Reply> {
  return new Promise((resolve) => {
    const child = execFile(
      process.env['KUBECTL'] ?? 'kubectl',
      args,
      { maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        resolve({ ok: error === null, text: stdout + stderr });
      },
    );
    child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
  });
}

function difference(reply: Reply, answer: Answer): string | undefined {
  if (answer === 'ok') return reply.ok ? undefined : `refused: ${reply.text.trim().slice(0, 600)}`;
  if (reply.ok) return `accepted, but ${answer.field} is wrong`;
  // kubectl sums several causes up as `* a: …` lines; one alone stands behind "is invalid:".
  const named = reply.text.includes(`${answer.field}:`);
  return named && reply.text.includes(answer.says) ? undefined : `another answer: ${reply.text.trim().slice(0, 600)}`;
}

const namespace = `crds-${Math.random().toString(36).slice(2, 8)}`;
const manifest = (name: string, spec: unknown) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name, namespace },
  spec,
});
let wrong = 0;
let count = 0;

function judge(name: string, problem: string | undefined): void {
  count += 1;
  if (problem === undefined) return;
  wrong += 1;
  process.stdout.write(`${name}: ${problem}\n`);
}

await kubectl(['create', 'namespace', namespace]);
try {
  for (const [index, { name, spec, answer, steps }] of CASES.entries()) {
    const object = `case-${index}`;
    judge(name, difference(await kubectl(['create', '-f', '-'], manifest(object, spec)), answer));
    for (const [number, step] of (steps ?? []).entries()) {
      const reply = await kubectl([
        ...['patch', PLURAL, object, '-n', namespace, '--type=merge', '-p', JSON.stringify(step.patch)],
        ...(step.status === true ? ['--subresource=status'] : []),
      ]);
      judge(`${name}, step ${number + 1} ${JSON.stringify(step.patch).slice(0, 80)}`, difference(reply, step.answer));
    }
  }
  for (const [index, { spec, field }] of UNKNOWN.entries()) {
    const reply = await kubectl(['create', '-f', '-'], manifest(`unknown-${index}`, spec));
    const named = !reply.ok && reply.text.includes(`unknown field "${field}"`);
    judge(`unknown ${field}`, named ? undefined : reply.text.trim());
  }
} finally {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
}
process.stdout.write(`${count - wrong} of ${count} answers as expected\n`);
process.exitCode = wrong === 0 ? 0 : 1;
