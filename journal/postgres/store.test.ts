import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { Fenced, Unavailable, Unusable } from '../errors.ts';
import { CutCommits } from '../testing/cut-commits.ts';
import { PATIENCE_MS } from '../testing/patience.ts';
import { PostgresServer } from '../testing/postgres-server.ts';
import { allOutput, allRows, expectedOf, identity, seenOf, transcript } from '../testing/transcript.ts';
import type { AppendResult, Entry, JournalStore } from '../types.ts';
import { openStore } from './store.ts';

let server: PostgresServer;
let url: string;
let stores: JournalStore[];

beforeAll(async () => {
  server = await PostgresServer.create();
}, 600_000);
afterAll(() => server.remove());
beforeEach(async () => {
  url = await server.createDatabase();
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
});

async function open(options?: Parameters<typeof openStore>[1], location = url): Promise<JournalStore> {
  const store = await openStore(location, { busyTimeoutMs: PATIENCE_MS, ...options });
  stores.push(store);
  return store;
}

const publish = (store: JournalStore): Promise<number> => store.publish('n', [{ topic: 'x', fields: {} }]);
const nameOf = (location: string): string => new URL(location).pathname.slice(1);

/** A user who may connect, and nothing else. */
async function newUser(name: string): Promise<string> {
  await server.query(`DROP ROLE IF EXISTS ${name}; CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
  return server.url(nameOf(url), name, 'secret');
}

describe('opening', () => {
  test('by several at once makes one schema', async () => {
    const opened = await Promise.all(Array.from({ length: 6 }, () => open()));

    expect(await Promise.all(opened.map(publish))).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6]));
    expect(await server.query('SELECT version FROM oet_schema_version', url)).toEqual([{ version: 1 }]);
  });

  test('of a newer schema is refused, and for reading of none', async () => {
    await expect(openStore(url, { readonly: true })).rejects.toThrow(Unusable);
    await (await openStore(url)).close();
    await server.query('INSERT INTO oet_schema_version VALUES (1000, now())', url);

    await expect(openStore(url)).rejects.toThrow(/newer than 1/);
    await expect(openStore(url, { readonly: true })).rejects.toThrow(Unusable);
  });

  test('tells what is wrong, where, and no password', async () => {
    const failure = async (location: string, patienceMs = 60_000): Promise<Error> =>
      openStore(location, { patienceMs }).then(
        () => Promise.reject(new Error('it was opened')),
        (error: unknown) => error as Error,
      );
    const found = {
      password: await failure(server.url(nameOf(url), 'postgres', 'hunter2')),
      database: await failure(server.url('nowhere')),
      user: await failure(server.url(nameOf(url), 'nobody', 'hunter2')),
      rights: await failure(await newUser('stranger')),
      tls: await failure(`${url}?sslmode=require`),
      port: await failure('postgres://postgres:hunter2@127.0.0.1:1/oet', 100),
    };

    expect(found).toMatchObject({
      password: { name: 'Unusable', message: expect.stringContaining('password authentication failed for user') },
      database: { name: 'Unusable', message: expect.stringContaining('database "nowhere" does not exist') },
      user: { name: 'Unusable', message: expect.stringContaining('user nobody') },
      rights: { name: 'Unusable', message: expect.stringContaining('GRANT CREATE, USAGE ON SCHEMA') },
      tls: { name: 'Unusable', message: expect.stringContaining('sslmode') },
      port: { name: 'Unavailable', message: expect.stringContaining('database oet at 127.0.0.1:1 as user postgres: ') },
    });
    for (const { message } of Object.values(found)) expect(message).not.toMatch(/hunter2|secret/);
  });

  test('asks at once for the rights that it needs later', async () => {
    await (await openStore(url)).close();
    const user = await newUser('reader');
    await server.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader', url);

    await expect(openStore(user)).rejects.toThrow(/lacks rights: .*INSERT on oet_output/);
    expect(await (await open({ readonly: true }, user)).lastId()).toBe(0);
  });

  test('keeps to the schema of the search path', async () => {
    await server.query('CREATE SCHEMA one; CREATE SCHEMA other', url);
    const inSchema = (name: string): Promise<JournalStore> => open({}, `${url}?options=-c%20search_path%3D${name}`);
    const [one, other] = [await inSchema('one'), await inSchema('other')];
    const waiting = other.changed(0, AbortSignal.timeout(60_000));

    expect([await publish(one), await publish(one), await publish(other)]).toEqual([1, 2, 1]);
    expect(await waiting).toBe(1);
  });

  test('waits for a database that is away, until it is told to stop', async () => {
    const over = new AbortController();
    const waiting = openStore('postgres://postgres@127.0.0.1:1/oet', { patienceMs: Infinity, signal: over.signal });
    over.abort(new Error('enough'));

    await expect(waiting).rejects.toThrow('enough');
  });
});

test('each namespace has its own turns', async () => {
  const turn = { role: 'operator' } as const;
  const old = await open({ ...turn, epoch: 7, namespace: 'one' });
  const other = await open({ ...turn, epoch: 2, namespace: 'other' });
  await other.openRun(identity('u', 1, 'other'));
  await open({ ...turn, epoch: 8, namespace: 'one' });

  await expect(old.openRun(identity('v', 1, 'one'))).rejects.toThrow(Fenced);
  await other.markDeleted('u');
});

test('the sums are taken from the tables where the run began in another process, also within one commit', async () => {
  const entries = transcript('u', 400);
  const before = await openStore(url);
  await before.openRun(identity('u', 1));
  await before.append('u', entries.slice(0, 250));
  await before.close();
  const store = await open();
  await Promise.all([store.append('u', entries.slice(200, 300)), store.append('u', entries.slice(300))]);

  expect(await store.run('u')).toMatchObject({ complete: true, high: 400 });
});

test('closing stores what was given before, and refuses what comes after', async () => {
  const store = await open();
  const given = Promise.all(Array.from({ length: 50 }, () => publish(store)));
  const waiting = store.changed(1e9, new AbortController().signal);
  await store.close();

  expect(new Set(await given).size).toBe(50);
  await expect(publish(store)).rejects.toThrow('closed');
  await expect(store.lastId()).rejects.toThrow('closed');
  expect(await waiting).toBeUndefined();
});

test('a listener whose connection is ended hears on', async () => {
  const [store, reader] = [await open(), await open({ readonly: true })];
  for (let round = 0; round < 3; round++) {
    await server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${nameOf(url)}' AND query LIKE 'SELECT last%'`,
    );
    const waiting = reader.changed(await reader.lastId(), AbortSignal.timeout(60_000));
    const id = await publish(store);

    expect(await waiting).toBe(id);
  }
});

describe('an answer to COMMIT that is lost', () => {
  test.each(['after it was carried out', 'before it arrived'] as const)(
    '%s: nothing twice, nothing missing',
    async (when) => {
      const proxy = await CutCommits.before(url);
      const store = await open({ busyTimeoutMs: 300_000 }, proxy.url);
      const entries = transcript('u', 300);
      await store.openRun(identity('u', 1));
      const ids: number[] = [];
      for (let n = 0; n < entries.length; n += 30) {
        proxy.cutNext(when === 'before it arrived');
        ids.push(await publish(store));
        proxy.cutNext(when === 'before it arrived');
        await store.append('u', entries.slice(n, n + 30));
      }
      const events = await store.rows(0, { limit: 1000, namespace: 'n' });

      expect(proxy.cuts).toBe(20);
      expect(events.map(({ id }) => id)).toEqual(ids);
      expect(seenOf(await allRows(store, { uid: 'u' }))).toEqual(expectedOf(entries));
      expect(await store.run('u')).toMatchObject({ complete: true });
      await store.close();
      await proxy.close();
    },
    600_000,
  );
});

describe('a database that is killed', () => {
  test('in the middle of appends, twice: all is stored once, and who reads and waits goes on', async () => {
    const lines = Array.from({ length: 6000 }, (_, index): Entry => {
      return { n: index + 1, t: index, k: 'out', s: 'stdout', data: Buffer.from(`line ${index + 1}\n`) };
    });
    const [store, reader] = [
      await open({ busyTimeoutMs: 300_000 }),
      await open({ readonly: true, busyTimeoutMs: 300_000 }),
    ];
    await store.openRun(identity('u', 1));
    const over = new AbortController();
    const pieces: Buffer[] = [];
    const tail = (async () => {
      for (let cursor = 0, seen = 0; ;) {
        const page = await reader.output('u', cursor, { maxBytes: 5000 });
        pieces.push(...page.map(({ data }) => data));
        cursor = page.at(-1)?.id ?? cursor;
        if (page.length > 0) continue;
        const news = await reader.changed(seen, over.signal);
        if (news === undefined) return;
        seen = news;
      }
    })();
    for (let n = 0; n < lines.length; n += 20) {
      const stored = store.append('u', lines.slice(n, n + 20));
      if (n === 2000 || n === 4000) {
        await server.kill();
        await server.start();
      }
      await stored;
    }
    const whole = lines.map((entry) => ('data' in entry ? entry.data.toString() : '')).join('');

    expect((await allOutput(store, 'u')).toString()).toBe(whole);
    while (Buffer.concat(pieces).length < whole.length) await new Promise((resolve) => setTimeout(resolve, 10));
    over.abort();
    await tail;
    expect(Buffer.concat(pieces).toString()).toBe(whole);
  }, 600_000);

  test('and stays away is told when the patience is over; later the same store works', async () => {
    const store = await open({ busyTimeoutMs: 3_000, patienceMs: PATIENCE_MS });
    await store.openRun(identity('u', 1));
    await server.kill();
    try {
      await expect(store.append('u', [])).rejects.toThrow(Unavailable);
      await expect(store.run('u')).rejects.toThrow(Unavailable);
    } finally {
      await server.start();
    }

    // Its patience may be over again before a machine that is busy has let the server answer.
    const again = async (): Promise<AppendResult> => {
      for (;;) {
        try {
          return await store.append('u', []);
        } catch (error) {
          if (!(error instanceof Unavailable)) throw error;
        }
      }
    };
    expect(await again()).toMatchObject({ high: 0 });
  }, 600_000);
});
