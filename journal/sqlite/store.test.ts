import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Unusable } from '../errors.ts';
import { Appender } from '../testing/child.ts';
import { PATIENCE_MS } from '../testing/patience.ts';
import { identity, transcript } from '../testing/transcript.ts';
import type { JournalStore } from '../types.ts';
import { openStore } from './store.ts';

let folder: string;
let stores: JournalStore[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true });
});

async function open(path: string, options?: Parameters<typeof openStore>[1]): Promise<JournalStore> {
  const store = await openStore(path, { busyTimeoutMs: PATIENCE_MS, ...options });
  stores.push(store);
  return store;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const publish = (store: JournalStore): Promise<number> => store.publish('n', [{ topic: 'x', fields: {} }]);

describe('opening', () => {
  test('several at once make one new file', async () => {
    const path = join(folder, 'journal.db');
    const opened = await Promise.all([open(path), open(path), open(path), open(path)]);

    expect(await Promise.all(opened.map(publish))).toEqual(expect.arrayContaining([1, 2, 3, 4]));
  });

  test('of a newer schema is refused', async () => {
    const path = join(folder, 'journal.db');
    await (await openStore(path)).close();
    const db = new DatabaseSync(path);
    db.exec('INSERT INTO schema_version VALUES (1000, 0)');
    db.close();

    await expect(openStore(path)).rejects.toThrow(Unusable);
    await expect(openStore(path, { readonly: true })).rejects.toThrow(Unusable);
  });

  test('for reading needs the file', async () => {
    await expect(openStore(join(folder, 'journal.db'), { readonly: true })).rejects.toThrow();
  });

  test('of a file that is no database fails, and says so', async () => {
    const path = join(folder, 'journal.db');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path, randomBytes(10_000));

    await expect(openStore(path)).rejects.toThrow('not a database');
  });

  test('keeps the ids of before', async () => {
    const path = join(folder, 'journal.db');
    const before = await openStore(path);
    const id = await publish(before);
    await before.close();

    expect(await publish(await open(path))).toBe(id + 1);
  });
});

describe('closing', () => {
  test('stores what was given before, and refuses what comes after', async () => {
    const store = await open(join(folder, 'journal.db'));
    const given = Promise.all(Array.from({ length: 50 }, () => publish(store)));
    const waiting = store.changed(1e9, new AbortController().signal);
    await store.close();

    expect(new Set(await given).size).toBe(50);
    await expect(publish(store)).rejects.toThrow('closed');
    await expect(store.lastId()).rejects.toThrow();
    expect(await waiting).toBeUndefined();
  });

  test('leaves no socket', async () => {
    const path = join(folder, 'journal.db');
    const store = await openStore(path);
    await until(() =>
      stat(`${path}.sock`).then(
        () => true,
        () => false,
      ),
    );
    await store.close();

    await expect(stat(`${path}.sock`)).rejects.toThrow('ENOENT');
  });
});

describe('the sums', () => {
  test('are taken from the file where the run began in another process', async () => {
    const path = join(folder, 'journal.db');
    const entries = transcript('u', 400);
    const before = await openStore(path);
    await before.openRun(identity('u', 1));
    await before.append('u', entries.slice(0, 250));
    await before.close();
    const store = await open(path);
    await store.append('u', entries.slice(200));

    expect(await store.run('u')).toMatchObject({ complete: true, high: 400 });
  });
});

describe('fan-out', () => {
  test('goes on when the process that served the socket is killed', async () => {
    const path = join(folder, 'journal.db');
    await (await openStore(path)).close();
    const child = new Appender(path, 'u', 1, 200_000);
    await until(() =>
      stat(`${path}.sock`).then(
        () => true,
        () => false,
      ),
    );
    await until(() => child.acknowledgements > 0);
    const [one, other] = [await open(path), await open(path, { readonly: true })];
    child.kill();
    await child.ended();
    for (let i = 0; i < 5; i++) {
      const waiting = other.changed(await other.lastId(), AbortSignal.timeout(60_000));
      const id = await publish(one);

      expect(await waiting).toBe(id);
    }
  });

  test('is done by polling where there can be no socket: its path is too long', async () => {
    const long = join(folder, 'x'.repeat(120));
    await mkdir(long);
    const warnings: string[] = [];
    const logger = { warn: (_: object, message: string) => warnings.push(message) };
    const path = join(long, 'journal.db');
    const [one, other] = [await open(path, { logger }), await open(path, { readonly: true })];
    const waiting = other.changed(await other.lastId(), AbortSignal.timeout(60_000));
    const id = await publish(one);

    expect(await waiting).toBe(id);
    await until(() => warnings.length > 0);
    expect(warnings).toEqual(['no socket beside the store: readers poll it']);
  });
});
