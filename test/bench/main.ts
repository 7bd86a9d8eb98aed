/** `node test/bench/main.ts [part[:N]…] [-n N] [--json FILE]`: README.md of this folder. */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { burst } from './parts/burst.ts';
import { capture } from './parts/capture.ts';
import { crowded } from './parts/crowded.ts';
import { cli } from './parts/cli.ts';
import { jobs } from './parts/jobs.ts';
import { journal } from './parts/journal-store.ts';
import { lines } from './parts/lines.ts';
import { memory } from './parts/memory.ts';
import { ready } from './parts/ready.ts';
import { schedules } from './parts/schedules.ts';
import { simulated } from './parts/simulated.ts';
import { start } from './parts/start.ts';
import { stop } from './parts/stop.ts';
import { writes } from './parts/writes.ts';
import type { ClusterPart, LocalPart, Order } from './parts/part.ts';
import { Report } from './report.ts';
import { openWorld, type World } from './world.ts';

const PARTS: readonly (LocalPart | ClusterPart)[] = [
  start,
  stop,
  crowded,
  ready,
  writes,
  cli,
  capture,
  burst,
  jobs,
  journal,
  lines,
  schedules,
  simulated,
  memory,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { n: { type: 'string', short: 'n' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) help();
else await bench();

function help(): void {
  console.log(
    'usage: node test/bench/main.ts [part[:samples]…] [-n samples] [--json file]\n\nparts (without a name all but the long ones):',
  );
  for (const { name, what, long } of PARTS) console.log(`  ${name.padEnd(10)} ${what}${long ? ' (long)' : ''}`);
  console.log('\nOn the cluster of KUBECONFIG, or on an embedded one of its own where that is not set.');
}

async function bench(): Promise<void> {
  const wanted = new Map(positionals.map((text) => [text.split(':')[0] ?? '', number(text.split(':')[1])]));
  const unknown = [...wanted.keys()].filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')} (see --help)`);
  const n = number(values.n);
  const chosen = PARTS.filter(({ name, long }) => (wanted.size === 0 ? long !== true : wanted.has(name)));

  const report = new Report((line) => console.log(line));
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', node: process.version, load: loadavg() };
  const world = chosen.some((part) => 'runOn' in part) ? await openWorld() : undefined;
  try {
    if (world) console.log(`${world.cluster}; logs: ${world.stack.folder}`);
    console.log(`${machine.cpus} × ${machine.model}, Node ${machine.node}, load ${load(machine.load)}`);
    report.head();
    for (const part of chosen) {
      report.begin(part.name, `${part.what} (load ${load(loadavg())})`);
      const order: Order = { report, n: wanted.get(part.name) ?? n };
      if ('run' in part) await part.run(order);
      else if (world) await part.runOn(world, order);
    }
  } finally {
    await world?.close();
  }
  console.log(`\nload at the end ${load(loadavg())}`);
  if (values.json !== undefined) await save(values.json, report, { ...machine, loadAtEnd: loadavg() }, world);
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`samples: a number from 1, not ${text}`);
  return value;
}

function load(averages: readonly number[]): string {
  return averages.map((value) => value.toFixed(1)).join(' ');
}

async function save(
  file: string,
  { rows, ratios, notes }: Report,
  machine: object,
  world: World | undefined,
): Promise<void> {
  const found = { when: new Date().toISOString(), cluster: world?.cluster ?? null, machine, rows, ratios, notes };
  await writeFile(file, `${JSON.stringify(found, null, 2)}\n`);
}
