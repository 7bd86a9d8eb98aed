import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { KIND } from './constants.ts';
import { validateProcedure } from './validate.ts';

const folder = join(import.meta.dirname, 'examples');
const manifests = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) =>
    loadAll(readFileSync(join(folder, name), 'utf8')).map((manifest) => ({
      name,
      manifest: manifest as { kind: string },
    })),
  );

test('there are examples', () => {
  expect(manifests.length).toBeGreaterThanOrEqual(8);
});

test.each(manifests.filter(({ manifest }) => manifest.kind === KIND))('$name is a valid Procedure', ({ manifest }) => {
  expect(validateProcedure(manifest)).toEqual([]);
});

test.each(manifests.filter(({ manifest }) => manifest.kind !== KIND))(
  'what goes with $name is a ConfigMap',
  ({ manifest }) => {
    expect(manifest.kind).toBe('ConfigMap');
  },
);
