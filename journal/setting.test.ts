import { describe, expect, it } from '@jest/globals';
import { StoreLocation } from './setting.ts';

describe('OET_STORE', () => {
  it.each([
    ['not set', undefined, 'journal.sqlite'],
    ['empty', '', 'journal.sqlite'],
    ['a file', '/var/lib/oet/journal.sqlite', '/var/lib/oet/journal.sqlite'],
    ['a database', 'postgres://oet:p%40w@db/oet?sslmode=require', 'postgres://oet:p%40w@db/oet?sslmode=require'],
  ])('may be %s', (_, given, expected) => {
    expect(StoreLocation.parse(given)).toBe(expected);
  });

  it.each([
    ['postgres://oet:hunter2@db/oet?sslmode=prefer', 'the database URL has sslmode=prefer; there are disable, require'],
    ['postgres://oet:hunter2@db:5432', 'the database URL has no database'],
  ])('says what is wrong with %s, and keeps its password to itself', (given, message) => {
    const { error } = StoreLocation.safeParse(given);
    expect(error?.issues[0]?.message).toContain(message);
    expect(error?.message).not.toContain('hunter2');
  });
});
