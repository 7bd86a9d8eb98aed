import { describe, expect, test } from '@jest/globals';
import { EntryGap, IdTaken, UnknownRun } from '../errors.ts';
import { losslessParse, losslessStringify } from '../lossless.ts';
import type { Entry } from '../types.ts';
import { endOf } from './arbitraries.ts';
import { out, state, verdict } from './bench.ts';
import type { Bench } from './bench.ts';
import { allRows, identity } from './transcript.ts';

/** Example by example, what the interface (types.ts) promises of a run, its notes and its verdict. */
export function describeRuns({ store, begin }: Bench): void {
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

    test('remembers in its info what its runner said of itself and of the script', async () => {
      const uid = await begin();
      const hello = { nonce: '0'.repeat(32), python: '3.11.2', undumpable: true, pid: 1 };
      const source = { sha256: 'ab'.repeat(32), commit: 'cd'.repeat(20) };
      await store().append(uid, [{ n: 1, t: 1, k: 'hello', v: 2, ...hello }]);
      await store().append(uid, [{ n: 2, t: 2, k: 'source', ...source }, state(3, 'LOADING')]);

      const run = await store().run(uid);
      expect(run).toMatchObject({ high: 3, info: { script: { inline: '' }, protocol: 2, source } });
      expect((await allRows(store(), { uid })).map(({ k }) => k)).toEqual(['state', 'state']);
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
}
