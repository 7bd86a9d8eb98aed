import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../journal/types.ts';
import { foreign, versionOf } from './versions.ts';

const run = (high: number, info: object): Run => ({ high, info }) as unknown as Run;
const hello = (v: number) => ({ drained: false, hello: { nonce: '', v, undumpable: true } });
const silent = { drained: false };

describe('the version of a run', () => {
  it.each([
    ['by its hello', { capture: hello(2), run: run(0, {}) }, 2],
    ['by its hello, whatever was stored', { capture: hello(2), run: run(5, { protocol: 1 }) }, 2],
    ['by what the store has of a hello', { capture: silent, run: run(5, { protocol: 2 }) }, 2],
    ['1 where an operator of version 1 stored it', { capture: silent, run: run(5, {}) }, 1],
    ['unknown before the hello', { capture: silent, run: run(0, {}) }, undefined],
    ['unknown before the claim', { capture: silent, run: undefined }, undefined],
  ])('%s', (_, observed, version) => expect(versionOf(observed)).toBe(version));
});

it.each([
  [0, true],
  [1, false],
  [2, false],
  [3, true],
  [Number.MAX_SAFE_INTEGER, true],
])('version %i is foreign: %j', (v, is) => {
  expect(foreign({ capture: hello(v), run: undefined }) !== undefined).toBe(is);
});
