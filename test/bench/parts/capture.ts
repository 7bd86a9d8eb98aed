/** How fast what a script writes comes into the store, beside a bare relay of the same pipes. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { API_VERSION, KIND } from '../../../crds/constants.ts';
import type { Procedure } from '../../../crds/index.ts';
import { openStore, type JournalStore } from '../../../journal/index.ts';
import { setClock, wall } from '../clock.ts';
import type { World } from '../world.ts';
import type { ClusterPart, Order } from './part.ts';

const MEBI = 1024 * 1024;
const TOTAL = 96 * MEBI;

export const capture: ClusterPart = {
  name: 'capture',
  what: `a script's os.write of ${TOTAL / MEBI} MiB → all of it in the store`,
  runOn: run,
};

async function run(world: World, { report, n = 3 }: Order): Promise<void> {
  const store = await openStore(join(world.stack.folder, 'journal.sqlite'), { readonly: true });
  try {
    for (const size of [8192, 65_536]) {
      const [stored, relayed]: [number[], number[]] = [[], []];
      for (let i = 0; i < n; i++) {
        relayed.push(await relay(size));
        stored.push(await captured(world, store, size));
      }
      const ours = report.row(`os.write of ${size / 1024} KiB → in the store`, stored, {
        unit: 'MB/s',
        ...(world.embedded && { bar: { stat: 'median', is: '>=', limit: 40 } as const }),
      });
      const theirs = report.row('python → python → cat, the same writes', relayed, { unit: 'MB/s', floor: true });
      report.ratio('capture to the bare relay, medians', ours.median / theirs.median);
    }
  } finally {
    await store.close();
  }
}

/** MB/s from main's first write to the commit of its last byte. Throws if a byte is not what was written. */
async function captured(
  { procedures, client, procedureEvents, podEvents }: World,
  store: JournalStore,
  size: number,
): Promise<number> {
  const name = `capture-${randomBytes(4).toString('hex')}`;
  const source = `
import os, time
def main():
    block = (b"0123456789abcde" * ${Math.ceil(size / 15)})[: ${size - 1}] + b"\\n"
    began = time.time_ns()
    for _ in range(${TOTAL / size}):
        data = block
        while data:
            data = data[os.write(1, data) :]
    return str(began)  # as text: beyond 2**53
`;
  const { metadata } = await procedures.create({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name },
    spec: { script: { inline: source }, startPolicy: 'Automatic', output: { maxBytes: 4 * TOTAL } },
  } as unknown as Procedure);
  setClock();
  let at = NaN;
  const limit = AbortSignal.timeout(60_000);
  for (let last = 0; ;) {
    const stored = await store.run(metadata.uid);
    if (stored && stored.bytes.stdout >= TOTAL) {
      at = wall();
      break;
    }
    if (stored?.finished != null) throw new Error(`${name} ended as ${stored.state} with ${stored.bytes.stdout} bytes`);
    const next = await store.changed(last, limit);
    if (next === undefined)
      throw new Error(
        `${name}: ${stored?.state ?? 'no run'}, ${stored?.bytes.stdout ?? 0} bytes, high ${stored?.high ?? 0}, in the store after 60 s`,
      );
    last = next;
  }
  const { item } = await procedureEvents.first(
    `the end of ${name}`,
    ({ object }) => object.metadata.name === name && object.status.phase === 'Finished',
  );
  const done = await store.run(metadata.uid);
  const began = done?.result?.value;
  if (done?.state !== 'COMPLETE' || typeof began !== 'string')
    throw new Error(`${name} ended as ${String(done?.state)}`);
  const output = await client.output(Number(item.object.status.id));
  const block = `${'0123456789abcde'.repeat(Math.ceil(size / 15)).slice(0, size - 1)}\n`;
  const wanted = createHash('sha256');
  for (let i = 0; i < TOTAL / size; i++) wanted.update(block);
  if (createHash('sha256').update(output).digest('hex') !== wanted.digest('hex'))
    throw new Error(`${name}: the output is not what was written (${output.length} bytes)`);
  procedureEvents.clear();
  podEvents.clear();
  return TOTAL / 1e3 / (at - Number(began) / 1e6);
}

/** MB/s of a child's writes through a parent's pipe into cat: what the pipes alone cost. */
async function relay(size: number): Promise<number> {
  const child = `
import os, sys, time
sys.stderr.write("%d\\n" % time.time_ns())
sys.stderr.flush()
for _ in range(${TOTAL / size}):
    os.write(1, b"x" * ${size})
`;
  const parent = `
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
while data := os.read(child.stdout.fileno(), 65536):
    while data:
        data = data[os.write(1, data) :]
sys.stderr.write("%d\\n" % time.time_ns())
`;
  const shell = spawn('sh', ['-c', 'python3 -c "$0" "$1" | cat > /dev/null', parent, child], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  shell.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(shell, 'close');
  const [began, ended] = text.trim().split('\n').map(Number);
  if (began === undefined || ended === undefined || Number.isNaN(ended - began))
    throw new Error(`the relay said: ${text}`);
  return (TOTAL * 1e3) / (ended - began);
}
