/** docs/reference/configuration.md against the code. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it.each(['api', 'operator'])('every variable that %s reads has a row', (program) => {
  const names = [...read(`${program}/config.ts`).matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
  const documented = [...read('docs/reference/configuration.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
    ([, name]) => name,
  );

  expect(names).toContain('OET_STORE');
  expect(documented).toEqual(expect.arrayContaining(names));
});
