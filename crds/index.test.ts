import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FINAL_STATES, STATES } from './constants.ts';
import { FIXED_FIELDS, Spec } from './schema/spec.ts';

test('importing the contract loads nothing but constants', () => {
  const index = JSON.stringify(join(import.meta.dirname, 'index.ts'));
  const program = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ resolve(specifier, context, next) { seen.push(specifier); return next(specifier, context); } });
    await import(${index});
    console.log(JSON.stringify(seen.slice(1)));`;

  const seen = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });

  expect(JSON.parse(seen)).toEqual(['./constants.ts']);
});

test('all of the spec but start and stop is fixed by the claim', () => {
  expect([...FIXED_FIELDS, 'start', 'stop'].sort()).toEqual(Object.keys(Spec.shape).sort());
});

test('a procedure ends in states that exist', () => {
  expect(STATES).toEqual(expect.arrayContaining([...FINAL_STATES]));
});
