/** The journal store in memory, for simulations on a fake clock: what operator/ uses of it, by the rules of journal/types.ts. */
import { EntryGap, IdTaken, UnknownRun } from '../../journal/index.ts';
import type {
  AppendResult,
  Entry,
  JournalStore,
  Run,
  RunFilter,
  RunIdentity,
  SourceEntry,
  Verdict,
} from '../../journal/types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type MemoryRun = Mutable<Run> & { history: [string, number][]; entries: Entry[] };

type Used = 'openRun' | 'claimExecution' | 'updateInfo' | 'append' | 'finish' | 'markDeleted' | 'run' | 'runs';

export class MemoryStore implements Pick<JournalStore, Used> {
  readonly all = new Map<string, MemoryRun>();
  readonly #keys = new Map<string, string>();
  /** What every new run and every write of entries fails with. */
  broken: Error | undefined;

  /** As the term takes it: a call of anything else is a fault of the test. */
  asStore(): JournalStore {
    return this as unknown as JournalStore;
  }

  openRun(run: RunIdentity): Promise<void> {
    if (this.broken) return Promise.reject(this.broken);
    if (this.all.has(run.uid)) return Promise.resolve();
    for (const other of this.all.values())
      if (other.namespace === run.namespace && other.id === run.id)
        return Promise.reject(new IdTaken(run.namespace, run.id, other.uid));
    this.all.set(run.uid, {
      ...run,
      state: 'CREATING',
      history: [['CREATING', run.created]],
      failure: null,
      result: null,
      progress: null,
      end: null,
      finished: null,
      verdict: null,
      high: 0,
      bytes: { stdout: 0, stderr: 0 },
      complete: false,
      deleted: false,
      entries: [],
    });
    return Promise.resolve();
  }

  claimExecution(namespace: string, key: string, uid: string): Promise<string> {
    const place = `${namespace}/${key}`;
    const holder = this.#keys.get(place) ?? uid;
    this.#keys.set(place, holder);
    return Promise.resolve(holder);
  }

  async updateInfo(uid: string, info: Readonly<Record<string, unknown>>): Promise<void> {
    const run = await this.#known(uid);
    run.info = { ...run.info, ...info };
  }

  async append(uid: string, entries: readonly Entry[]): Promise<AppendResult> {
    if (this.broken) throw this.broken;
    const run = await this.#known(uid);
    for (const entry of entries) {
      if (entry.n <= run.high) continue;
      if (entry.n > run.high + 1) throw new EntryGap(uid, run.high + 1, entry.n);
      run.high = entry.n;
      run.entries.push(entry);
      if (entry.k === 'state' && run.finished === null) {
        run.state = entry.state;
        run.history.push([entry.state, entry.t]);
      }
      if (entry.k === 'end') run.end = entry;
      if (entry.k === 'hello') run.info = { ...run.info, protocol: entry.v };
      if (entry.k === 'source') run.info = { ...run.info, source: sourceOf(entry) };
    }
    return { high: run.high, lastId: 0 };
  }

  async finish(uid: string, verdict: Verdict): Promise<AppendResult> {
    const run = await this.#known(uid);
    if (run.finished === null || run.state === 'UNKNOWN') {
      run.state = verdict.state;
      run.history.push([verdict.state, verdict.t]);
      run.finished = verdict.t;
      run.verdict = verdict;
    }
    return { high: run.high, lastId: 0 };
  }

  async markDeleted(uid: string): Promise<void> {
    (await this.#known(uid)).deleted = true;
  }

  run(uid: string): Promise<Run | undefined> {
    const run = this.all.get(uid);
    return Promise.resolve(run && { ...run, history: [...run.history] });
  }

  runs(_namespace: string, filter: RunFilter = {}): Promise<Run[]> {
    const runs = [...this.all.values()];
    return Promise.resolve(filter.unfinished === true ? runs.filter(({ finished }) => finished === null) : runs);
  }

  #known(uid: string): Promise<MemoryRun> {
    const run = this.all.get(uid);
    return run ? Promise.resolve(run) : Promise.reject(new UnknownRun(uid));
  }
}

function sourceOf({ sha256, commit }: SourceEntry): Record<string, string> {
  return { sha256, ...(commit !== undefined && { commit }) };
}
