import { describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { databasePlace, isDatabaseUrl } from './location.ts';

test.each([
  ['postgres://u:p@h/d', true],
  ['PostgreSQL://u:p@h/d', true],
  ['/var/lib/oet/journal.sqlite', false],
  ['postgres.sqlite', false],
])('%s is a database’s: %j', (location, expected) => {
  expect(isDatabaseUrl(location)).toBe(expected);
});

describe('a URL', () => {
  test('is read as libpq does', () => {
    const { config, name } = databasePlace(
      'postgresql://o%40et:p%23w@db.example:6432/jour%20nal?options=-c%20search_path%3Doet',
    );

    expect(config).toMatchObject({
      ...{ host: 'db.example', port: 6432, user: 'o@et', password: 'p#w', database: 'jour nal', ssl: false },
      ...{ options: '-c search_path=oet', application_name: 'oet' },
    });
    expect(name).toBe('database jour nal at db.example:6432 as user o@et');
  });

  test.each([
    ['postgres://u:p@[::1]/d', { host: '::1', port: 5432 }],
    ['postgres://u:p@localhost/d?host=/run/postgresql', { host: '/run/postgresql' }],
  ])('may name its host otherwise: %s', (location, expected) => {
    expect(databasePlace(location).config).toMatchObject(expected);
  });

  const certificate = fileURLToPath(import.meta.url);
  test.each([
    ['disable', '', false],
    ['require', '', { rejectUnauthorized: false }],
    ['require', `&sslrootcert=${certificate}`, { checkServerIdentity: expect.any(Function), ca: expect.any(String) }],
    ['verify-ca', `&sslrootcert=${certificate}`, { checkServerIdentity: expect.any(Function), ca: expect.any(String) }],
    ['verify-full', '', {}],
    ['verify-full', `&sslrootcert=${certificate}`, { ca: expect.any(String) }],
  ])('asks for TLS with sslmode=%s%s', (mode, more, expected) => {
    expect(databasePlace(`postgres://u:p@h/d?sslmode=${mode}${more}`).config.ssl).toEqual(expected);
  });

  test.each([
    ['postgres://oet:hunter2@db', 'has no database'],
    ['postgres://oet:hunter2@db/', 'has no database'],
    ['postgres:///oet', 'has no host'],
    ['postgres://oet:hunter2@/oet', 'user:password@host:port/database'],
    ['postgres://db/oet', 'has no user'],
    ['postgres://oet:hunter2/x@db/oet', 'percent-encoded'],
    ['postgres://oet:hunter2@db:54x/oet', 'user:password@host:port/database'],
    ['postgres://oet:hunter2%@db/oet', 'has a password that is not percent-encoded'],
    ['postgres://oet:hunter2@db/oet?sslmode=prefer', 'sslmode=prefer'],
    ['postgres://oet:hunter2@db/oet?ssl_mode=require', 'does not know the parameter ssl_mode'],
    ['postgres://oet:hunter2@db/oet?sslmode=verify-full&sslrootcert=/nowhere', 'sslrootcert=/nowhere'],
  ])('that is wrong is told without its password: %s', (location, told) => {
    const read = (): unknown => databasePlace(location);
    expect(read).toThrow(told);
    expect(read).not.toThrow('hunter2');
  });
});
