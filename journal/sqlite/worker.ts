/** The writer's thread: a commit holds a thread for as long as the disk takes. Started by client.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoints } from './checkpoints.ts';
import { packError } from './errors.ts';
import { CommitGroup } from './group.ts';
import type { Op } from '../shared/ops.ts';
import type { Order, Report } from './messages.ts';
import { openDatabase } from './schema.ts';
import { Writer } from './writer.ts';

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly epoch: number | undefined;
}

function serve(
  data: WriterData,
  post: (report: Report) => void,
  orders: (handle: (order: Order) => void) => void,
  leave: () => void,
): void {
  const db = openDatabase(data.path, { writable: true, busyTimeoutMs: data.busyTimeoutMs });
  const writer = new Writer(db, data);
  try {
    writer.takeTurn();
  } catch (error) {
    db.close();
    throw error;
  }
  const checkpoints = new Checkpoints(db, (error) => post({ trouble: packError(error) }));
  const committer = {
    commit: (ops: readonly Op[]) => writer.commit(ops),
    committed: (ops: readonly Op[]) => checkpoints.wrote(ops),
  };
  const group = new CommitGroup(committer, (lastId, settled) => post({ lastId, settled }));
  orders((order) => {
    if ('ticket' in order) {
      group.add(order);
      return;
    }
    group.drain(() => {
      checkpoints.close();
      db.close();
      post({ closed: true });
      leave();
    });
  });
  post({ ready: true });
}

const port = parentPort;
if (port !== null) {
  try {
    serve(
      workerData as WriterData,
      (report) => port.postMessage(report),
      (handle) => port.on('message', handle),
      () => port.close(),
    );
  } catch (error) {
    port.postMessage({ broken: packError(error) } satisfies Report);
    port.close();
  }
}
