import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it('names what is wrong with the store, and keeps its password to itself', () => {
    const read = (): unknown => readConfig({ OET_STORE: 'postgres://oet:hunter2@db/oet?sslmode=prefer' });
    expect(read).toThrow('OET_STORE: the database URL has sslmode=prefer; there are disable, require');
    expect(read).not.toThrow('hunter2');
  });

  it.each([
    [undefined, 'info'],
    ['DEBUG', 'debug'],
    ['WARNING', 'warn'],
    ['CRITICAL', 'fatal'],
    ['NOTSET', 'trace'],
  ])('takes as the level of its log %s, Python’s names too', (given, expected) => {
    expect(readConfig(given === undefined ? {} : { LOG_LEVEL: given }).LOG_LEVEL).toBe(expected);
  });

  it('refuses what is no level', () => {
    expect(() => readConfig({ LOG_LEVEL: 'loud' })).toThrow('LOG_LEVEL');
  });

  it('counts an operator that stands by as ready only where it is told to', () => {
    expect(readConfig({}).OET_STANDBY_READY).toBe(false);
    expect(readConfig({ OET_STANDBY_READY: 'true' }).OET_STANDBY_READY).toBe(true);
    expect(() => readConfig({ OET_STANDBY_READY: 'yes' })).toThrow('OET_STANDBY_READY');
  });
});
