/**
 * The journal's costs on this machine, in a file and in PostgreSQL (`BENCH_FOLDER`, else the temporary folder: the disk is what counts). The throughput of
 * appends beside a bare write of the same bytes with an fsync per 512 KiB, the latency of the first entry after a pause until it
 * is stored and until a reader in another process's place has been woken, and the decoder's speed.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEntry, LineDecoder, openStore } from '../../../journal/index.ts';
import type { Entry, JournalStore } from '../../../journal/index.ts';
import { PostgresServer } from '../../../journal/testing/postgres-server.ts';
import type { LocalPart, Order } from './part.ts';

const MEBI = 1024 * 1024;
const TOTAL = 128 * MEBI;
const BATCH = 512 * 1024;

export const journal: LocalPart = { name: 'journal', what: 'the store and the codec by themselves', run };

async function run({ report, n = 3 }: Order): Promise<void> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bench-'));
  try {
    const store = await openStore(join(folder, 'journal.db'));
    const reader = await openStore(join(folder, 'journal.db'), { readonly: true });
    await append(store, 'warm-up', 8 * MEBI, 15_000);
    for (const size of [16_000, 1000, 80]) {
      const total = size === 80 ? TOTAL / 8 : TOTAL;
      const [stored, bare]: [number[], number[]] = [[], []];
      for (let i = 0; i < n; i++) {
        bare.push(bareWrite(folder, total));
        stored.push(await append(store, `run-${size}-${i}`, total, size, size + i));
      }
      const ours = report.row(`append, entries of ${size} bytes`, stored, { unit: 'MB/s' });
      const theirs = report.row('the same bytes written with fsync', bare, { unit: 'MB/s', floor: true });
      report.ratio('append to the bare write, medians', ours.median / theirs.median);
    }
    const { stored, woken } = await firstAfterIdle(store, reader);
    report.row('first entry after a pause → stored', stored);
    report.row('first entry after a pause → a reader is woken', woken);
    await database(report, n);
    for (const size of [16_000, 1000, 80])
      report.row(`decode, entries of ${size} bytes`, decode(size), { unit: 'MB/s' });
    await reader.close();
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same appends into PostgreSQL, a server of its own on this machine (without fsync, as tests have it: the store's cost, not the disk's). */
async function database(report: Order['report'], n: number): Promise<void> {
  const server = await PostgresServer.create();
  try {
    const store = await openStore(await server.createDatabase());
    await append(store, 'warm-up', 8 * MEBI, 15_000);
    for (const size of [16_000, 1000, 80]) {
      const stored: number[] = [];
      const total = size === 80 ? TOTAL / 8 : TOTAL;
      for (let i = 0; i < n; i++) stored.push(await append(store, `run-${size}-${i}`, total, size, size + i));
      report.row(`append to PostgreSQL, entries of ${size} bytes`, stored, { unit: 'MB/s' });
    }
    await store.close();
  } finally {
    await server.remove();
  }
}

function outs(from: number, count: number, size: number): Entry[] {
  return Array.from({ length: count }, (_, index): Entry => {
    const n = from + index;
    return { n, t: n, k: 'out', s: 'stdout', data: Buffer.from(`${String(n).padEnd(size - 1, '.')}\n`) };
  });
}

/** As a follower does it: the next batch is made while the last is being stored. MB/s. */
async function append(store: JournalStore, uid: string, total: number, size: number, id = 1): Promise<number> {
  await store.openRun({ uid, namespace: 'bench', name: uid, id, created: 0, info: {} });
  const count = Math.ceil(BATCH / size);
  const batches = Array.from({ length: Math.ceil(total / (count * size)) }, (_, index) =>
    outs(1 + index * count, count, size),
  );
  const start = performance.now();
  let previous: Promise<unknown> = Promise.resolve();
  for (const batch of batches) {
    const next = store.append(uid, batch);
    await previous;
    previous = next;
  }
  await previous;
  return (batches.length * count * size) / 1000 / (performance.now() - start);
}

/** MB/s. */
function bareWrite(folder: string, total: number): number {
  const file = openSync(join(folder, 'bare'), 'w');
  const data = Buffer.alloc(BATCH, 'x');
  const start = performance.now();
  for (let written = 0; written < total; written += BATCH) {
    writeSync(file, data);
    fdatasyncSync(file);
  }
  const lasted = performance.now() - start;
  closeSync(file);
  return total / 1000 / lasted;
}

async function firstAfterIdle(
  store: JournalStore,
  reader: JournalStore,
): Promise<{ stored: number[]; woken: number[] }> {
  await store.openRun({ uid: 'idle', namespace: 'bench', name: 'idle', id: 2, created: 0, info: {} });
  const [stored, woken]: [number[], number[]] = [[], []];
  for (let n = 1; n <= 220; n++) {
    await sleep(20 + Math.random() * 10);
    const change = reader.changed(await reader.lastId(), AbortSignal.timeout(10_000));
    const start = performance.now();
    const told = change.then(() => performance.now() - start);
    await store.append('idle', outs(n, 1, 50));
    const committed = performance.now() - start;
    if (n > 20) {
      stored.push(committed);
      woken.push(await told);
    }
  }
  return { stored, woken };
}

/** MB/s of payload, once per round. */
function decode(size: number): number[] {
  const count = Math.ceil((16 * MEBI) / size);
  const bytes = Buffer.concat(outs(1, count, size).map(encodeEntry));
  const rates: number[] = [];
  for (let round = 0; round < 5; round++) {
    const decoder = new LineDecoder();
    const start = performance.now();
    for (let offset = 0; offset < bytes.length; offset += 65_536) decoder.push(bytes.subarray(offset, offset + 65_536));
    rates.push((count * size) / 1000 / (performance.now() - start));
  }
  return rates;
}
