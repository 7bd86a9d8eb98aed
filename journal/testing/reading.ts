import { describe, expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { Fenced } from '../errors.ts';
import { losslessParse, losslessStringify } from '../lossless.ts';
import type { Entry, RunFilter } from '../types.ts';
import { out, state, verdict } from './bench.ts';
import type { Bench } from './bench.ts';
import { PATIENCE_MS } from './patience.ts';
import { allRows, identity } from './transcript.ts';

/** Example by example, what the interface (types.ts) promises to readers, of pruning, and of who may write. */
export function describeReading({ store, place, begin }: Bench): void {
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

    test('finds the runs that are not over, and those that have long been', async () => {
      for (const [index, uid] of ['going', 'old', 'new', 'unknown'].entries()) {
        await store().openRun(identity(uid, index + 1, 'ages'));
      }
      await store().finish('old', verdict('COMPLETE', 10));
      await store().finish('new', verdict('FAILED', 20));
      await store().finish('unknown', verdict('UNKNOWN', 5));
      const found = async (filter: RunFilter): Promise<string[]> =>
        (await store().runs('ages', filter)).map(({ uid }) => uid);

      expect(await found({ unfinished: true })).toEqual(['going']);
      expect(await found({ finishedBefore: 20 })).toEqual(['old', 'unknown']);
      expect(await found({ limit: 2 })).toEqual(['going', 'old']);
    });

    test('wakes who waits for a change, in this process and in others', async () => {
      const reader = await place().open({ readonly: true });
      const [here, there] = [await store().lastId(), await reader.lastId()];
      const waiting = [
        store().changed(here, AbortSignal.timeout(PATIENCE_MS)),
        reader.changed(there, AbortSignal.timeout(PATIENCE_MS)),
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

  test('gives an execution key to the first who asks, for ever, and to each namespace its own', async () => {
    const askers = ['uid-a', 'uid-b', 'uid-c'];
    const told = await Promise.all(askers.map((uid) => store().claimExecution('keys', 'nightly', uid)));
    expect(told).toEqual(['uid-a', 'uid-a', 'uid-a']);
    await store().prune([{ uid: 'uid-a' }]);
    expect(await store().claimExecution('keys', 'nightly', 'uid-d')).toBe('uid-a');
    expect(await store().claimExecution('others', 'nightly', 'uid-d')).toBe('uid-d');
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
