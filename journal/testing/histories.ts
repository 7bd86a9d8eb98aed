import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EntryGap, UnknownRun } from '../errors.ts';
import type { Entry, JournalStore, Note, Verdict } from '../types.ts';
import { endOf, middle, numbered } from './arbitraries.ts';
import type { Bench } from './bench.ts';
import { allRows, identity } from './transcript.ts';

const RUNS = 3;
/** Clocks of nodes and operators, none of which goes forward only. */
const t = fc.integer({ min: 0, max: 2 ** 45 });

/** One call, by one of two stores of the same place. */
const step = fc.record({ run: fc.nat({ max: RUNS - 1 }), second: fc.boolean() }).chain((where) =>
  fc
    .oneof(
      { arbitrary: fc.record({ op: fc.constant('open' as const) }), weight: 3 },
      {
        arbitrary: fc.record({
          op: fc.constant('append' as const),
          bodies: fc.array(middle, { maxLength: 4 }),
          back: fc.nat({ max: 3 }),
          skip: fc.nat({ max: 20 }).map((each) => (each === 0 ? 1 : 0)),
          note: fc.option(fc.record({ key: fc.constantFrom('a', 'b'), t, state: fc.constantFrom('IDLE', 'STOPPING') })),
        }),
        weight: 6,
      },
      fc.record({
        op: fc.constant('finish' as const),
        t,
        state: fc.constantFrom<Verdict['state']>('COMPLETE', 'FAILED', 'STOPPED', 'UNKNOWN', 'UNKNOWN'),
      }),
      fc.record({ op: fc.constant('info' as const), info: fc.dictionary(fc.constantFrom('x', 'y'), fc.nat()) }),
      fc.record({ op: fc.constantFrom('delete' as const, 'prune' as const, 'key' as const, 'publish' as const) }),
    )
    .map((what) => ({ ...where, ...what })),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What a run must be after the calls so far. */
interface Model {
  entries: Entry[];
  notes: Set<string>;
  state: string;
  history: [string, number][];
  finished: number | null;
  info: Record<string, unknown>;
  deleted: boolean;
}

const over = ({ history, finished }: Model): boolean => finished !== null && history.at(-1)?.[0] !== 'UNKNOWN';

function enter(model: Model, state: string, time: number): void {
  if (model.finished !== null || model.state === state) return;
  model.state = state;
  model.history.push([state, time]);
}

async function refused(writing: Promise<unknown>, why: new (...of: never[]) => Error): Promise<void> {
  await expect(writing).rejects.toThrow(why);
}

async function carryOut(
  store: JournalStore,
  uid: string,
  id: number,
  model: Model | undefined,
  one: Step,
): Promise<void> {
  switch (one.op) {
    case 'append': {
      const have = model?.entries ?? [];
      const first = Math.max(0, have.length - one.back);
      const all = [...have, ...numbered(one.bodies).map((each, i) => ({ ...each, n: have.length + i + 1 }))];
      const sent = one.skip > 0 ? all.slice(have.length + 1) : all.slice(first);
      const { note } = one;
      const notes: Note[] = note ? [{ key: note.key, t: note.t, k: 'state', body: { state: note.state } }] : [];
      const writing = store.append(uid, sent, notes);
      if (!model) return refused(writing, UnknownRun);
      if (one.skip > 0 && sent.length > 0) return refused(writing, EntryGap);
      expect((await writing).high).toBe(one.skip > 0 ? have.length : all.length);
      for (const entry of one.skip > 0 ? [] : all.slice(have.length)) {
        if (entry.k === 'state') enter(model, entry.state, entry.t);
        if (entry.k === 'source')
          model.info['source'] = { sha256: entry.sha256, ...('commit' in entry && { commit: entry.commit }) };
      }
      if (one.skip === 0) model.entries = all;
      if (note && !model.notes.has(note.key)) {
        model.notes.add(note.key);
        enter(model, note.state, note.t);
      }
      return;
    }
    case 'finish': {
      const verdict = { state: one.state, t: one.t, reason: 'Why', message: null, exitCode: null, signal: null };
      const writing = store.finish(uid, verdict);
      if (!model) return refused(writing, UnknownRun);
      await writing;
      if (over(model) || (model.finished !== null && model.state === one.state)) return;
      [model.state, model.finished] = [one.state, one.t];
      model.history.push([one.state, one.t]);
      return;
    }
    case 'info':
      if (!model) return refused(store.updateInfo(uid, one.info), UnknownRun);
      await store.updateInfo(uid, one.info);
      Object.assign(model.info, one.info);
      return;
    case 'delete':
      if (!model) return refused(store.markDeleted(uid), UnknownRun);
      await store.markDeleted(uid);
      model.deleted = true;
      return;
    case 'key':
      expect(await store.claimExecution('histories', `key-${id}`, uid)).toBe(uid);
      return;
    case 'publish':
      await store.publish('histories', [{ topic: 'x', fields: { id } }]);
      return;
    case 'prune':
      expect(await store.prune([{ uid }])).toBe(model ? 1 : 0);
      return;
    case 'open':
      await store.openRun(identity(uid, id, 'histories'));
  }
}

/** Random calls in any order, by two stores in turn, against a model of what the interface promises. */
export function describeHistories({ store, place }: Bench): void {
  test('whatever is called in whatever order, by two writers in turn, each run is what was made of it', async () => {
    const second = await place().open();
    let ids = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const runs = Array.from({ length: RUNS }, () => ({ id: ++ids, uid: `history-${ids}` }));
        const models = new Map<string, Model>();
        let last = await store().lastId();
        for (const one of steps) {
          const { uid, id } = runs[one.run] ?? { uid: '', id: 0 };
          await carryOut(one.second ? second : store(), uid, id, models.get(uid), one);
          const { created, info } = identity(uid, id);
          if (one.op === 'prune') models.delete(uid);
          if (one.op === 'open' && !models.has(uid)) {
            const history: Model['history'] = [['CREATING', created]];
            const fresh = { entries: [], notes: new Set<string>(), finished: null, deleted: false };
            models.set(uid, { ...fresh, state: 'CREATING', history, info: { ...info } });
          }
          const now = await store().lastId();
          expect(now).toBeGreaterThanOrEqual(last);
          last = now;
        }

        for (const { uid } of runs) {
          const model = models.get(uid);
          const rows = await allRows(second, { uid });
          if (!model) {
            expect(await store().run(uid)).toBeUndefined();
            expect(rows.filter(({ k }) => k !== 'event')).toEqual([]);
            continue;
          }
          const { state, history, finished, info, deleted } = model;
          expect(await store().run(uid)).toMatchObject({
            state,
            history,
            finished,
            deleted,
            high: model.entries.length,
          });
          expect((await second.run(uid))?.info).toEqual(info);
          // Its end fits what is stored, whoever stored it, for the sums say so.
          await second.append(uid, [endOf(model.entries)]);
          expect((await store().run(uid))?.complete).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
    await second.close();
  }, 600_000);
}
