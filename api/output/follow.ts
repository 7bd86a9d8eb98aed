import type { Run, StreamName } from '../../journal/types.ts';
import type { Store } from '../ports.ts';
import type { StoreWatch } from '../store-watch.ts';
import { bytesOf, Skipper } from './text.ts';

/** Bytes of a page: what one reader holds of the store at a time. */
const PAGE_BYTES = 256 * 1024;
/** Longest wait for news: the end of a procedure that never ran makes none. */
const LOOK_MS = 1000;

/** Whose output, and from where. */
export interface Follow {
  readonly uid: string;
  readonly stream?: StreamName;
  readonly from: number;
  /** Stay until the run is over; else only what is there. */
  readonly follow: boolean;
  /** Whether nothing will come any more, for a run that the store does not have (yet). */
  readonly over: () => boolean;
}

/**
 * The output of a run, piece by piece, exactly once and in order. The reader's pace decides: nothing is read ahead. Ends with
 * the run; a run is over with its verdict, which the operator writes after the last of the output.
 */
export async function* followOutput(
  store: Pick<Store, 'run' | 'output'>,
  watch: StoreWatch,
  { uid, stream, from, follow, over }: Follow,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const skipper = new Skipper(from);
  const options = { maxBytes: PAGE_BYTES, ...(stream ? { stream } : {}) };
  let after = 0;
  while (!signal.aborted) {
    // The order matters: a verdict seen before an empty page means that the page was the last.
    const seen = watch.lastId;
    const ended = !follow || isOver(await store.run(uid), over);
    const chunks = await store.output(uid, after, options);
    for (const chunk of chunks) {
      after = chunk.id;
      const bytes = skipper.pass(bytesOf(chunk));
      if (bytes.length > 0) yield bytes;
    }
    if (chunks.length > 0) continue;
    if (ended) return;
    await watch.wait(seen, signal, LOOK_MS);
  }
}

function isOver(run: Run | undefined, over: () => boolean): boolean {
  return run ? run.finished !== null : over();
}
