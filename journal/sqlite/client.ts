import { Worker } from 'node:worker_threads';
import { JournalError } from '../errors.ts';
import { unpackError } from './errors.ts';
import type { Op, Outcome } from '../shared/ops.ts';
import type { Order, Report } from './messages.ts';
import type { WriterData } from './worker.ts';

/** Beside the source as it is; beside a bundle under the name that the build gives it. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './journal-worker.js', import.meta.url);

export interface WriterListener {
  /** The newest id after a commit; comes before the operations of the commit resolve. */
  readonly onCommit: (lastId: number) => void;
  /** A checkpoint failed, which costs no data, or the writer broke. */
  readonly onTrouble: (error: Error) => void;
}

interface Pending {
  readonly resolve: (value: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** The writer's thread, as the other threads see it. */
export class WriterClient {
  readonly #worker: Worker;
  readonly #listener: WriterListener;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #ticket = 0;
  #broken: Error | undefined;

  private constructor(worker: Worker, listener: WriterListener) {
    this.#worker = worker;
    this.#listener = listener;
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#break(new JournalError('the store is closed'));
        resolve();
      });
    });
    worker.on('error', (cause) => {
      const error = new JournalError('the writer of the store broke: open the store anew', { cause });
      listener.onTrouble(error);
      this.#break(error);
    });
    worker.on('message', (report: Report) => this.#report(report));
  }

  /** Starts the thread and opens the file in it. Throws what the opening threw. */
  static async start(data: WriterData, listener: WriterListener): Promise<WriterClient> {
    const worker = new Worker(WORKER, { workerData: data, name: 'journal' });
    const first = await new Promise<Report>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if ('broken' in first) throw unpackError(first.broken);
    return new WriterClient(worker, listener);
  }

  /** Resolves after the commit. */
  async send(op: Op): Promise<Outcome> {
    if (this.#broken !== undefined) throw this.#broken;
    const ticket = ++this.#ticket;
    return new Promise<Outcome>((resolve, reject) => {
      this.#pending.set(ticket, { resolve, reject });
      const transfer = op.op === 'append' ? [op.data.buffer as ArrayBuffer] : [];
      this.#worker.postMessage({ ticket, op } satisfies Order, transfer);
    });
  }

  /** Stores what was sent before, closes the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#broken === undefined) this.#worker.postMessage({ close: true } satisfies Order);
    await this.#ended;
  }

  #report(report: Report): void {
    if ('trouble' in report) this.#listener.onTrouble(unpackError(report.trouble));
    if (!('settled' in report)) return;
    if (report.lastId > 0) this.#listener.onCommit(report.lastId);
    for (const settled of report.settled) {
      const pending = this.#pending.get(settled.ticket);
      this.#pending.delete(settled.ticket);
      if ('error' in settled) pending?.reject(unpackError(settled.error));
      else pending?.resolve(settled.value);
    }
  }

  #break(error: Error): void {
    this.#broken ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#pending.clear();
  }
}
