import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Buffer } from 'node:buffer';
import { describeHistories } from './testing/histories.ts';
import { describeReading } from './testing/reading.ts';
import { describeRuns } from './testing/runs.ts';
import { middle, numbered, outputOf, endOf } from './testing/arbitraries.ts';
import { Appender } from './testing/child.ts';
import { allOutput, allRows, expectedOf, identity, seenOf, transcript } from './testing/transcript.ts';
import { EntryGap } from './errors.ts';
import type { StoreOptions } from './index.ts';
import type { Entry, JournalStore, Row } from './types.ts';

/** An empty store of the kind that is tested. */
export interface Place {
  /** What `openStore` is given, in child processes too. */
  readonly location: string;
  open(options?: StoreOptions): Promise<JournalStore>;
  /** Takes it away. */
  remove(): Promise<void>;
}

/** What every store must hold, as a jest suite. Takes some 20 s; child processes are killed in it. */
export function describeStore(name: string, make: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place;
    let store: JournalStore;
    let ids = 0;
    beforeAll(async () => {
      place = await make();
      store = await place.open();
    });
    afterAll(async () => {
      await store.close();
      await place.remove();
    });
    const begin = async (): Promise<string> => {
      const id = ++ids;
      const uid = `uid-${id}`;
      await store.openRun(identity(uid, id));
      return uid;
    };

    const bench = { store: () => store, place: () => place, begin };
    describeRuns(bench);
    describeReading(bench);
    describeHistories(bench);

    test('stores random entries once, however they are cut into batches, repeated, or held up by holes', async () => {
      const batch = fc.record({ back: fc.nat({ max: 5 }), size: fc.nat({ max: 8 }), hole: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(middle, { maxLength: 40 }), fc.infiniteStream(batch), async (bodies, batches) => {
          const uid = await begin();
          const body = numbered(bodies);
          const entries: Entry[] = [...body, endOf(body)];
          let high = 0;
          while (high < entries.length) {
            const { back, size, hole } = drawn(batches);
            const start = Math.max(0, high - back);
            if (hole && high + 1 < entries.length) {
              await expect(store.append(uid, entries.slice(high + 1))).rejects.toThrow(EntryGap);
            }
            ({ high } = await store.append(uid, entries.slice(start, high + size)));
          }

          const run = await store.run(uid);
          expect(seenOf(await allRows(store, { uid, limit: 7 }))).toEqual(expectedOf(entries));
          expect(run).toMatchObject({ high: entries.length, complete: true });
          for (const s of ['stdout', 'stderr'] as const) {
            expect(await allOutput(store, uid, s, 300)).toEqual(outputOf(entries, s));
            expect(run?.bytes[s]).toBe(outputOf(entries, s).length);
          }
        }),
        { numRuns: 60 },
      );
    }, 600_000);

    test('a process killed in the middle of its appends loses nothing acknowledged and doubles nothing; readers never see what goes again', async () => {
      const total = 2000;
      const reader = await place.open({ readonly: true });
      for (let kills = 0; kills < 6;) {
        const id = ++ids;
        const uid = `killed-${id}`;
        const entries = transcript(uid, total);
        const seen: Row[] = [];
        const look = async (): Promise<void> =>
          void seen.push(...(await allRows(reader, { uid, after: seen.at(-1)?.id ?? 0 })));
        for (let done = false; !done;) {
          const before = (await reader.run(uid))?.high ?? 0;
          const patience = (kills * 5) % 17;
          const looks: Promise<void>[] = [];
          const child: Appender = new Appender(place.location, uid, id, total, () => {
            looks.push(look());
            if (child.acknowledgements > patience) child.kill();
          });
          await child.ended();
          await Promise.all(looks);
          done = child.done;
          if (!done) kills++;

          const run = await reader.run(uid);
          expect(run?.high).toBeGreaterThanOrEqual(Math.max(before, child.acknowledged));
          const rows = await allRows(reader, { uid });
          expect(seenOf(rows.filter(({ k }) => k !== 'diagnostic'))).toEqual(expectedOf(entries.slice(0, run?.high)));
        }
        await look();

        const byId = new Map(seen.map((row) => [row.id, row]));
        expect([...byId.values()].sort((one, other) => one.id - other.id)).toEqual(await allRows(store, { uid }));
        expect(await store.run(uid)).toMatchObject({ high: total, complete: true });
      }
      await reader.close();
    }, 600_000);

    test('two processes write; a reader that pages by id sees all of it, in the order of ids', async () => {
      const total = 800;
      const other = `other-${++ids}`;
      const child = new Appender(place.location, other, ids, total);
      const uid = await begin();
      const first = await store.lastId();
      const over = new AbortController();
      const seen: Row[] = [];
      const tail = (async () => {
        for (let cursor = first; ;) {
          const page = await store.rows(cursor, { limit: 13, output: true });
          seen.push(...page);
          cursor = page.at(-1)?.id ?? cursor;
          if (page.length === 0 && (await store.changed(cursor, over.signal)) === undefined) return;
        }
      })();
      const entries = transcript(uid, total);
      for (let n = 0; n < entries.length; n += 10) {
        await store.append(uid, entries.slice(n, n + 10));
        await store.publish('conformance', [{ topic: 'request.procedure.list', fields: { n } }]);
      }
      expect(await child.ended()).toBe(0);
      const last = await store.lastId();
      while ((seen.at(-1)?.id ?? 0) < last) await new Promise((resolve) => setImmediate(resolve));
      over.abort();
      await tail;

      expect(seen).toEqual(await allRows(store, { after: first, limit: 1000 }));
      expect(seenOf(seen.filter((row) => row.uid === uid))).toEqual(expectedOf(entries).slice(1));
      expect(await store.run(other)).toMatchObject({ high: total, complete: true });
      expect(await store.run(uid)).toMatchObject({ high: total, complete: true });
    }, 600_000);

    test('readers that stop and go on by id lose nothing and see nothing twice', async () => {
      const uid = await begin();
      const entries = transcript(uid, 2000);
      const readers = Array.from({ length: 5 }, async (_, index) => {
        const pieces: Buffer[] = [];
        let cursor = 0;
        while ((await store.run(uid))?.end === null || (await store.output(uid, cursor, { maxBytes: 1 })).length > 0) {
          // A new follower each time, which knows the id only.
          const page = await store.output(uid, cursor, { maxBytes: 1 + 977 * index });
          pieces.push(...page.map(({ data }) => data));
          cursor = page.at(-1)?.id ?? cursor;
          await new Promise((resolve) => setImmediate(resolve));
        }
        return Buffer.concat(pieces);
      });
      for (let n = 0; n < entries.length; n += 25) await store.append(uid, entries.slice(n, n + 25));

      const whole = await allOutput(store, uid);
      for (const read of await Promise.all(readers)) expect(read.equals(whole)).toBe(true);
    }, 600_000);

    test('keeps 100,000 lines exactly', async () => {
      const uid = await begin();
      const lines = Array.from({ length: 100_000 }, (_, index): Entry => {
        return { n: index + 1, t: index, k: 'out', s: 'stdout', data: Buffer.from(`line ${index + 1}\n`) };
      });
      for (let n = 0; n < lines.length; n += 1000) await store.append(uid, lines.slice(n, n + 1000));
      await store.append(uid, [endOf(lines)]);

      expect((await allOutput(store, uid)).equals(outputOf(lines, 'stdout'))).toBe(true);
      expect((await store.run(uid))?.complete).toBe(true);
    }, 600_000);
  });
}

function drawn<T>(stream: Iterator<T, unknown>): T {
  const { value, done } = stream.next();
  if (done === true) throw new Error('the stream has no end');
  return value;
}
