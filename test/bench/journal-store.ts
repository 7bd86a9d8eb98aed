/**
 * The journal's costs on this machine: `node test/bench/journal-store.ts [folder]` (default: the temporary folder; the disk is what counts).
 * Prints the throughput of appends beside a bare write of the same bytes with an fsync per 512 KiB, the latency of the first entry
 * after a pause until it is stored and until a reader in another process's place has been woken, and the decoder's speed.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEntry, LineDecoder, openStore } from '../../journal/index.ts';
import type { Entry, JournalStore } from '../../journal/index.ts';

const MEBI = 1024 * 1024;
const TOTAL = 128 * MEBI;
const BATCH = 512 * 1024;

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'bench-'));
try {
  await bench();
} finally {
  rmSync(folder, { recursive: true });
}

async function bench(): Promise<void> {
  const store = await openStore(join(folder, 'journal.db'));
  const reader = await openStore(join(folder, 'journal.db'), { readonly: true });
  await append(store, 'warm-up', 8 * MEBI, 15_000);

  for (const size of [16_000, 1000, 80]) {
    const total = size === 80 ? TOTAL / 8 : TOTAL;
    const bare = bareWrite(total);
    const stored = await append(store, `run-${size}`, total, size);
    console.log(
      `append, entries of ${size} bytes: ${rate(stored)} MB/s; bare write with fsync: ${rate(bare)} MB/s; ratio ${(stored / bare).toFixed(2)}`,
    );
  }
  await firstAfterIdle(store, reader);
  for (const size of [16_000, 1000, 80])
    console.log(`decode, entries of ${size} bytes: ${rate(decode(size))} MB/s of payload`);
  await reader.close();
  await store.close();
}

function rate(bytesPerSecond: number): string {
  return (bytesPerSecond / 1e6).toFixed(0);
}

function outs(from: number, count: number, size: number): Entry[] {
  return Array.from({ length: count }, (_, index): Entry => {
    const n = from + index;
    return { n, t: n, k: 'out', s: 'stdout', data: Buffer.from(`${String(n).padEnd(size - 1, '.')}\n`) };
  });
}

/** As a follower does it: the next batch is made while the last is being stored. Bytes per second. */
async function append(store: JournalStore, uid: string, total: number, size: number): Promise<number> {
  await store.openRun({ uid, namespace: 'bench', name: uid, id: size, created: 0, info: {} });
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
  return (batches.length * count * size) / ((performance.now() - start) / 1000);
}

function bareWrite(total: number): number {
  const file = openSync(join(folder, 'bare'), 'w');
  const data = Buffer.alloc(BATCH, 'x');
  const start = performance.now();
  for (let written = 0; written < total; written += BATCH) {
    writeSync(file, data);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - start) / 1000;
  closeSync(file);
  return total / seconds;
}

async function firstAfterIdle(store: JournalStore, reader: JournalStore): Promise<void> {
  await store.openRun({ uid: 'idle', namespace: 'bench', name: 'idle', id: 1, created: 0, info: {} });
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
  console.log(
    `first entry after a pause (n=${stored.length}): stored after ${quantiles(stored)} ms, a reader woken after ${quantiles(woken)} ms`,
  );
}

function quantiles(values: number[]): string {
  const sorted = values.sort((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `${at(0.5)} (p50), ${at(0.95)} (p95)`;
}

function decode(size: number): number {
  const count = Math.ceil((16 * MEBI) / size);
  const bytes = Buffer.concat(outs(1, count, size).map(encodeEntry));
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const decoder = new LineDecoder();
    const start = performance.now();
    for (let offset = 0; offset < bytes.length; offset += 65_536) decoder.push(bytes.subarray(offset, offset + 65_536));
    best = Math.max(best, (count * size) / ((performance.now() - start) / 1000));
  }
  return best;
}
