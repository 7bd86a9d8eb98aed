import { losslessStringify } from '../lossless.ts';
import type { AppendResult, Entry, JournalWriter, Note, RunIdentity, Verdict } from '../types.ts';
import { packAppend } from './ops.ts';
import type { Op, Outcome } from './ops.ts';

/** The writing side of a store, as operations that a writer groups into commits. */
export abstract class OpStore implements JournalWriter {
  /** Resolves after the commit. Throws what the store refuses, and the database's error. */
  protected abstract write(op: Op): Promise<Outcome>;

  async openRun({ info, ...run }: RunIdentity): Promise<void> {
    const { uid, namespace, name, id, created } = run;
    await this.write({
      op: 'open',
      run: { uid, namespace, name, id, created: Math.round(created) },
      info: losslessStringify(info),
    });
  }

  async updateInfo(uid: string, info: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write({ op: 'info', uid, info: losslessStringify(info) });
  }

  async append(uid: string, entries: readonly Entry[], notes: readonly Note[] = []): Promise<AppendResult> {
    const results = await Promise.all(packAppend(uid, entries, notes).map((op) => this.write(op)));
    return results.at(-1) as AppendResult;
  }

  async finish(uid: string, verdict: Verdict): Promise<AppendResult> {
    return (await this.write({ op: 'finish', uid, verdict: { ...verdict, t: Math.round(verdict.t) } })) as AppendResult;
  }

  async markDeleted(uid: string): Promise<void> {
    await this.write({ op: 'delete', uid });
  }

  async claimExecution(namespace: string, key: string, uid: string): Promise<string> {
    return (await this.write({ op: 'key', namespace, key, uid, t: Date.now() * 1000 })) as string;
  }

  async publish(...[namespace, events]: Parameters<JournalWriter['publish']>): Promise<number> {
    const packed = events.map(({ uid, topic, fields }) => [uid ?? null, losslessStringify({ topic, fields })] as const);
    return (await this.write({ op: 'publish', namespace, t: Date.now() * 1000, events: packed })) as number;
  }

  async prune(
    before: readonly { readonly uid: string }[],
    options: { readonly eventsBefore?: number } = {},
  ): Promise<number> {
    let gone = 0;
    for (const { uid } of before) gone += (await this.write({ op: 'prune', uids: [uid], eventsBefore: 0 })) as number;
    if (options.eventsBefore !== undefined)
      await this.write({ op: 'prune', uids: [], eventsBefore: options.eventsBefore });
    return gone;
  }
}
