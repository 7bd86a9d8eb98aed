import type { Hash } from 'node:crypto';
import { losslessParse } from '../lossless.ts';
import type { Run } from '../types.ts';

/** A row of the table `run` as the writer works on it. Texts are JSON. */
export interface RunRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly id: number;
  readonly created: number;
  info: string;
  state: string;
  history: [state: string, t: number][];
  failure: string | null;
  result: string | null;
  progress: string | null;
  end: string | null;
  finished: number | null;
  verdict: string | null;
  high: number;
  /** Bytes kept. */
  stdout: number;
  stderr: number;
  complete: boolean;
  deleted: boolean;
  /** Grows with every write, so that a cached record is known to be the newest. */
  revision: number;
}

/** What the writer remembers of a run beside its record, lost with the process. */
export interface Live {
  readonly record: RunRecord;
  /** Highest n taken: `high` and the parts after it whose entry is not here yet. */
  seen: number;
  /** Running sums of the kept output; null if it began before this process. */
  hashes: { readonly stdout: Hash; readonly stderr: Hash } | null;
}

export type Columns = Readonly<Record<string, unknown>>;

export function recordOf(row: Columns): RunRecord {
  const r = row as unknown as Omit<RunRecord, 'history' | 'complete' | 'deleted'> & {
    history: string;
    complete: unknown;
    deleted: unknown;
  };
  return {
    ...r,
    history: JSON.parse(r.history) as [string, number][],
    complete: Boolean(r.complete),
    deleted: Boolean(r.deleted),
  };
}

export function runOf(row: Columns): Run {
  const { info, failure, result, progress, end, verdict, stdout, stderr, revision: _, ...rest } = recordOf(row);
  return {
    ...rest,
    info: losslessParse(info) as Run['info'],
    failure: parsed(failure) as Run['failure'],
    result: parsed(result) as Run['result'],
    progress: parsed(progress) as Run['progress'],
    end: parsed(end) as Run['end'],
    verdict: parsed(verdict) as Run['verdict'],
    bytes: { stdout, stderr },
  };
}

function parsed(text: string | null): unknown {
  return text === null ? null : losslessParse(text);
}

/** A verdict that never changes. UNKNOWN does. */
export function isTerminal(state: string): boolean {
  return state === 'COMPLETE' || state === 'FAILED' || state === 'STOPPED';
}
