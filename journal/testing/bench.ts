import { Buffer } from 'node:buffer';
import type { Place } from '../conformance.ts';
import type { Entry, JournalStore, Verdict } from '../types.ts';

/** What the examples of the conformance suite work on. */
export interface Bench {
  readonly store: () => JournalStore;
  readonly place: () => Place;
  /** Opens a new run. */
  readonly begin: () => Promise<string>;
}

export const verdict = (state: Verdict['state'], t = 9): Verdict => ({
  state,
  t,
  reason: 'Why',
  message: null,
  exitCode: 0,
  signal: null,
});
export const state = (n: number, name: string): Entry => ({ n, t: n, k: 'state', state: name });
export const out = (n: number, text: string): Entry => ({ n, t: n, k: 'out', s: 'stdout', data: Buffer.from(text) });
