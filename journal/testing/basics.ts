import { describe, expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import type { Place } from '../conformance.ts';
import { EntryGap, Fenced, IdTaken, UnknownRun } from '../errors.ts';
import { losslessParse, losslessStringify } from '../lossless.ts';
import type { Entry, JournalStore, Verdict } from '../types.ts';
import { endOf } from './arbitraries.ts';
import { allRows, identity } from './transcript.ts';

interface Bench {
  readonly store: () => JournalStore;
  readonly place: () => Place;
  /** Opens a new run. */
  readonly begin: () => Promise<string>;
}

const verdict = (state: Verdict['state'], t = 9): Verdict => ({
  state,
  t,
  reason: 'Why',
  message: null,
  exitCode: 0,
  signal: null,
});
const state = (n: number, name: string): Entry => ({ n, t: n, k: 'state', state: name });
const out = (n: number, text: string): Entry => ({ n, t: n, k: 'out', s: 'stdout', data: Buffer.from(text) });

/** Example by example, what the interface promises (types.ts). */
export function describeBasics({ store, place, begin }: Bench): void {
  describe('a run', () => {
    test('begins as CREATING, once, however often it is opened', async () => {
      const uid = await begin();
      const run = await store().run(uid);
      await store().openRun(identity(uid, run?.id ?? 0));

      expect(run).toMatchObject({
        uid,
        state: 'CREATING',
        history: [['CREATING', run?.created]],
        high: 0,
        finished: null,
        complete: false,
      });
      expect(await allRows(store(), { uid })).toMatchObject([
        { k: 'state', t: run?.created, body: { state: 'CREATING' } },
      ]);
      expect(await store().runById('conformance', run?.id ?? 0)).toEqual(run);
    });

    test('is refused an id that another has', async () => {
      const run = await store().run(await begin());

      const attempt = store().openRun(identity('somebody else', run?.id ?? 0));

      await expect(attempt).rejects.toThrow(IdTaken);
      expect(await store().run('somebody else')).toBeUndefined();
    });

    test('must be opened before anything is written to it', async () => {
      await expect(store().append('nobody', [])).rejects.toThrow(UnknownRun);
      await expect(store().finish('nobody', verdict('FAILED'))).rejects.toThrow(UnknownRun);
    });

    test('takes new info beside the old', async () => {
      const uid = await begin();
      await store().updateInfo(uid, { mainArgsJSON: '{"args":[1.0]}' });

      expect((await store().run(uid))?.info).toEqual({ script: { inline: '' }, mainArgsJSON: '{"args":[1.0]}' });
    });

    test('derives its summary from its entries', async () => {
      const uid = await begin();
      const failure = {
        phase: 'main',
        type: 'ValueError',
        message: 'no',
        stackTrace: 'Traceback',
        frames: [],
        causes: [],
      } as const;
      const entries: Entry[] = [
        state(1, 'LOADING'),
        state(2, 'READY'),
        { n: 3, t: 3, k: 'progress', fraction: 0.5, message: null },
        { n: 4, t: 4, k: 'result', value: losslessParse('{"x":1.0}') },
        { n: 5, t: 5, k: 'error', ...failure },
        out(6, 'abc'),
      ];
      await store().append(uid, entries);
      const run = await store().run(uid);

      expect(run).toMatchObject({
        state: 'READY',
        history: [
          ['CREATING', run?.created],
          ['LOADING', 1],
          ['READY', 2],
        ],
        progress: { fraction: 0.5, message: null },
        failure,
        bytes: { stdout: 3, stderr: 0 },
        end: null,
      });
      expect(losslessStringify(run?.result)).toBe('{"value":{"x":1.0}}');
    });

    test.each([
      ['the sums fit', {}, true],
      ['a sum does not', { sha256: { stdout: '0'.repeat(64), stderr: '0'.repeat(64) } }, false],
      ['fewer bytes are here', { kept: { stdout: 4, stderr: 0 } }, false],
      ['entries are missing', { entries: 9 }, false],
    ])('is complete with its end if %s', async (_, change, complete) => {
      const uid = await begin();
      const entries = [out(1, 'abc')];
      await store().append(uid, entries);
      await store().append(uid, [{ ...endOf(entries), ...change }]);

      expect((await store().run(uid))?.complete).toBe(complete);
    });

    test('counts no part before its entry is here', async () => {
      const uid = await begin();
      const part = (n: number): Entry => ({ n, t: n, k: 'part' });

      expect(await store().append(uid, [state(1, 'LOADING'), part(2)])).toMatchObject({ high: 1 });
      expect(await store().append(uid, [part(3)])).toMatchObject({ high: 1 });
      expect(await store().append(uid, [state(4, 'READY')])).toMatchObject({ high: 4 });
    });

    test('says what it misses', async () => {
      const uid = await begin();
      await store().append(uid, [state(1, 'LOADING')]);

      await expect(
        store().append(uid, [state(3, 'READY')], [{ key: 'x', t: 1, k: 'diagnostic', body: {} }]),
      ).rejects.toMatchObject({
        name: 'EntryGap',
        uid,
        expected: 2,
        got: 3,
      });
      await expect(store().append(uid, [state(2, 'READY'), state(4, 'RUNNING')])).rejects.toThrow(EntryGap);
      expect(await allRows(store(), { uid })).toHaveLength(2);
    });
  });

  describe('a note', () => {
    test('is stored once per key', async () => {
      const uid = await begin();
      const note = { key: 'stop', t: 5, k: 'state', body: { state: 'STOPPING', reason: 'user' } } as const;
      await store().append(uid, [], [note]);
      await store().append(uid, [], [{ ...note, t: 6, body: { state: 'READY' } }]);
      const run = await store().run(uid);

      expect(run?.history.slice(1)).toEqual([['STOPPING', 5]]);
      expect(await allRows(store(), { uid })).toHaveLength(2);
    });

    test('of the state that the run is in changes nothing', async () => {
      const uid = await begin();
      await store().append(
        uid,
        [state(1, 'STOPPING')],
        [{ key: 'stop', t: 5, k: 'state', body: { state: 'STOPPING' } }],
      );

      expect((await store().run(uid))?.history).toHaveLength(2);
      expect(await allRows(store(), { uid })).toHaveLength(2);
    });

    test('can be the failure', async () => {
      const uid = await begin();
      await store().append(
        uid,
        [],
        [{ key: 'image', t: 5, k: 'error', body: { type: 'ImagePullBackOff', message: 'no such image' } }],
      );

      expect((await store().run(uid))?.failure).toEqual({ type: 'ImagePullBackOff', message: 'no such image' });
    });
  });

  describe('a verdict', () => {
    test.each([
      ['stands against another', ['COMPLETE', 'FAILED'], ['COMPLETE']],
      ['stands against UNKNOWN', ['FAILED', 'UNKNOWN'], ['FAILED']],
      ['comes once', ['STOPPED', 'STOPPED'], ['STOPPED']],
      ['of UNKNOWN can be mended', ['UNKNOWN', 'UNKNOWN', 'STOPPED', 'FAILED'], ['UNKNOWN', 'STOPPED']],
    ] as const)('%s', async (_, told, kept) => {
      const uid = await begin();
      for (const [index, each] of told.entries()) await store().finish(uid, verdict(each, index + 10));
      const run = await store().run(uid);

      expect(run?.history.slice(1).map(([name]) => name)).toEqual(kept);
      expect(run).toMatchObject({ state: kept.at(-1), verdict: { state: kept.at(-1), reason: 'Why' } });
      expect(run?.finished).toBe(run?.verdict?.t);
      expect((await allRows(store(), { uid })).slice(1).map(({ body }) => body.state)).toEqual(kept);
    });

    test('is no state’s to change, and late entries are stored all the same', async () => {
      const uid = await begin();
      await store().finish(uid, verdict('UNKNOWN'));
      await store().append(uid, [state(1, 'RUNNING'), out(2, 'late')]);

      expect(await store().run(uid)).toMatchObject({ state: 'UNKNOWN', high: 2, bytes: { stdout: 4 } });
    });
  });

  describe('reading', () => {
    test('gives rows of output where asked for, whatever their bytes', async () => {
      const uid = await begin();
      const { lastId } = await store().append(uid, [
        out(1, 'é\n'),
        { n: 2, t: 2, k: 'out', s: 'stderr', data: Buffer.from([0xff, 0x00]) },
        { n: 3, t: 3, k: 'gap', s: 'stderr', bytes: 7 },
        state(4, 'READY'),
      ]);
      const all = await store().rows(0, { limit: 10, uid, output: true });

      expect(all.slice(1).map(({ k, body }) => [k, body])).toEqual([
        ['out', { s: 'stdout', d: 'é\n' }],
        ['out', { s: 'stderr', b: '/wA=' }],
        ['gap', { s: 'stderr', bytes: 7 }],
        ['state', { state: 'READY' }],
      ]);
      expect(all.at(-1)?.id).toBe(lastId);
      expect((await store().rows(0, { limit: 10, uid })).map(({ k }) => k)).toEqual(['state', 'state']);
      expect(
        (await store().output(uid, 0, { maxBytes: 100 })).map(({ s, data, gap }) => [s, data.length, gap]),
      ).toEqual([
        ['stdout', 3, undefined],
        ['stderr', 2, undefined],
        ['stderr', 0, 7],
      ]);
    });

    test('bounds a page in bytes, and goes on behind it', async () => {
      const uid = await begin();
      const entries = Array.from({ length: 80 }, (_, index): Entry => {
        const n = index + 1;
        return n % 10 === 0
          ? { n, t: n, k: 'event', topic: 'x', fields: { n } }
          : out(n, String(n % 10).repeat(128 * 1024));
      });
      await store().append(uid, entries);
      const page = await store().rows(0, { limit: 1000, uid, output: true });
      const all = await allRows(store(), { uid, limit: 1000 });

      expect(page.length).toBeLessThan(40);
      expect(all.slice(1).map(({ k }) => k)).toEqual(entries.map(({ k }) => k));
    });

    test('keeps the numbers of an event', async () => {
      const fields = losslessParse('{"a":1.0,"b":1180591620717411303424}') as Record<string, unknown>;
      const id = await store().publish('numbers', [{ topic: 'x', uid: 'of nobody', fields }]);
      const [row] = await store().rows(id - 1, { limit: 1 });

      expect(row).toMatchObject({ id, uid: 'of nobody', namespace: 'numbers', k: 'event' });
      expect(losslessStringify(row?.body)).toBe('{"topic":"x","fields":{"a":1.0,"b":1180591620717411303424}}');
    });

    test('keeps namespaces apart, and the deleted', async () => {
      await store().openRun(identity('here', 1, 'here'));
      await store().openRun(identity('gone', 2, 'here'));
      await store().markDeleted('gone');

      expect((await store().runs('here')).map(({ uid }) => uid)).toEqual(['here']);
      expect((await store().runs('here', { includeDeleted: true })).map(({ uid }) => uid)).toEqual(['here', 'gone']);
      expect((await store().rows(0, { limit: 10, namespace: 'here' })).map(({ uid }) => uid)).toEqual(['here', 'gone']);
      expect(await store().runs('nowhere')).toEqual([]);
    });

    test('wakes who waits for a change, in this process and in others', async () => {
      const reader = await place().open({ readonly: true });
      const [here, there] = [await store().lastId(), await reader.lastId()];
      const waiting = [
        store().changed(here, AbortSignal.timeout(10_000)),
        reader.changed(there, AbortSignal.timeout(10_000)),
      ];
      const id = await store().publish('changes', [{ topic: 'x', fields: {} }]);

      expect(await Promise.all(waiting)).toEqual([id, id]);
      expect(await reader.changed(id - 1, new AbortController().signal)).toBe(id);
      await reader.close();
    });

    test('lets go who does not want to wait any longer', async () => {
      const over = new AbortController();
      const waiting = store().changed(Number.MAX_SAFE_INTEGER, over.signal);
      over.abort();

      expect(await waiting).toBeUndefined();
      expect(await store().changed(0, over.signal)).toBeUndefined();
    });
  });

  test('prunes runs and old events, and gives no id twice', async () => {
    const uid = await begin();
    await store().append(uid, [out(1, 'abc')]);
    const id = await store().publish('pruned', [{ topic: 'x', fields: {} }]);

    expect(await store().prune([{ uid }, { uid: 'nobody' }], { eventsBefore: Date.now() * 1000 + 1_000_000 })).toBe(1);
    expect(await store().run(uid)).toBeUndefined();
    expect(await allRows(store(), { uid })).toEqual([]);
    expect(await store().output(uid, 0, { maxBytes: 1 })).toEqual([]);
    expect(await store().rows(0, { limit: 10, namespace: 'pruned' })).toEqual([]);
    expect(await store().publish('pruned', [{ topic: 'x', fields: {} }])).toBe(id + 1);
  });

  test('a lower epoch is fenced off once a higher one has begun; events of no run are not', async () => {
    const uid = await begin();
    const old = await place().open({ role: 'operator', epoch: 4 });
    await old.append(uid, [state(1, 'LOADING')]);
    const next = await place().open({ role: 'operator', epoch: 5 });

    await expect(old.append(uid, [state(2, 'READY')])).rejects.toThrow(Fenced);
    await expect(old.finish(uid, verdict('FAILED'))).rejects.toThrow(Fenced);
    await expect(place().open({ role: 'operator', epoch: 4 })).rejects.toThrow(Fenced);
    await old.publish('fenced', [{ topic: 'x', fields: {} }]);
    expect(await next.append(uid, [state(2, 'READY')])).toMatchObject({ high: 2 });
    await old.close();
    await next.close();
  });

  test('a store opened for reading refuses to write', async () => {
    const reader = await place().open({ readonly: true });

    await expect(reader.publish('x', [])).rejects.toThrow('reading only');
    await reader.close();
  });
}
