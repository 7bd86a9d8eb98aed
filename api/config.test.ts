import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';
import { flag } from './flags.ts';

describe('readConfig', () => {
  it('has defaults', () => {
    expect(readConfig({ PORT: '' })).toEqual({
      namespace: 'ska-oso-oet',
      port: 5000,
      host: '127.0.0.1',
      store: 'journal.sqlite',
      logLevel: 'info',
      scriptsLocation: '/scripts',
      historyLimit: 10,
      trustProxy: false,
    });
  });

  it.each([
    ['LOG_LEVEL', 'WARNING', 'logLevel', 'warn'],
    ['LOG_LEVEL', 'DEBUG', 'logLevel', 'debug'],
    ['OET_TRUST_PROXY', 'true', 'trustProxy', true],
    ['OET_TRUST_PROXY', '2', 'trustProxy', 2],
    ['OET_TRUST_PROXY', '10.0.0.0/8', 'trustProxy', '10.0.0.0/8'],
    ['OET_HISTORY_LIMIT', '3', 'historyLimit', 3],
  ])('reads %s=%s', (name, value, field, expected) => {
    expect(readConfig({ OET_STORE: 'x', [name]: value })).toHaveProperty(field, expected);
  });

  it.each(['PORT=99999', 'KUBE_NAMESPACE=A_b', 'LOG_LEVEL=loud', 'OET_HISTORY_LIMIT=0'])(
    'refuses %s by name',
    (text) => {
      const [name = '', value = ''] = text.split('=');
      expect(() => readConfig({ OET_STORE: 'x', [name]: value })).toThrow(name);
    },
  );

  it('names what is wrong with the URL of a database, and keeps its password to itself', () => {
    const read = (): unknown => readConfig({ OET_STORE: 'postgres://oet:hunter2@db:5432' });
    expect(read).toThrow('OET_STORE: the database URL has no database');
    expect(read).not.toThrow('hunter2');
  });
});

describe('flag', () => {
  const home = '[features]\n# off by default\nOET_X = yes\nother: no\n';
  it.each([
    ['the environment first', { OET_X: 'false' }, [home], false],
    ['then the files, in order', {}, [home, 'oet_x = off'], true],
    ['then the default', {}, ['[features]\nOET_Y = 0'], true],
    ['an empty value is none', { OET_X: '' }, [], true],
  ])('%s', (_name, env, files, expected) => {
    expect(flag('OET_X', true, { env, files })).toBe(expected);
  });

  it('refuses what is no boolean', () => {
    expect(() => flag('OET_X', true, { env: { OET_X: 'maybe' }, files: [] })).toThrow('OET_X');
  });
});
