import { expect, test } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { plainText } from './text.ts';
import { endOf } from './testing/arbitraries.ts';
import type { Entry } from './types.ts';

test.each<[string, Entry, string]>([
  ['output as it is', { n: 1, t: 1, k: 'out', s: 'stderr', data: Buffer.from('é without an end') }, 'é without an end'],
  ['a gap as a line', { n: 1, t: 1, k: 'gap', s: 'stdout', bytes: 12 }, '[12 bytes of stdout were not kept]\n'],
  [
    'a failure as Python prints it',
    { n: 1, t: 1, k: 'error', phase: 'main', type: 'E', message: '', stackTrace: 'Traceback', frames: [], causes: [] },
    'Traceback\n',
  ],
  ['the end with its reason', endOf([]), '[COMPLETE: Completed]\n'],
  ['nothing else', { n: 1, t: 1, k: 'state', state: 'READY' }, ''],
])('plainText gives %s', (_, entry, text) => {
  expect(plainText(entry).toString()).toBe(text);
});
