import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it.each([
    ['', undefined, 'journal.sqlite'],
    ['a file', '/var/lib/oet/journal.sqlite', '/var/lib/oet/journal.sqlite'],
    ['a database', 'postgres://oet:p%40w@db/oet?sslmode=require', 'postgres://oet:p%40w@db/oet?sslmode=require'],
  ])('takes as the store %s', (_, given, expected) => {
    expect(readConfig(given === undefined ? {} : { OET_STORE: given }).OET_STORE).toBe(expected);
  });

  it('names what is wrong with the URL of a database, and keeps its password to itself', () => {
    const read = (): unknown => readConfig({ OET_STORE: 'postgres://oet:hunter2@db/oet?sslmode=prefer' });
    expect(read).toThrow('OET_STORE: the database URL has sslmode=prefer; there are disable, require');
    expect(read).not.toThrow('hunter2');
  });

  it('counts an operator that stands by as ready only where it is told to', () => {
    expect(readConfig({}).OET_STANDBY_READY).toBe(false);
    expect(readConfig({ OET_STANDBY_READY: 'true' }).OET_STANDBY_READY).toBe(true);
    expect(() => readConfig({ OET_STANDBY_READY: 'yes' })).toThrow('OET_STANDBY_READY');
  });
});
