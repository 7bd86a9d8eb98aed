import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { generated } from './generated.ts';

const files = [...(await generated())];

test.each(files)('%s is what the schema says; else run `npm run generate`', async (path, text) => {
  const committed = await readFile(join(import.meta.dirname, '..', path), 'utf8');

  expect(committed).toBe(text);
});
