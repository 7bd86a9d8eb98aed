import { EntryGap, Fenced, IdTaken, JournalError, UnknownRun, Unusable } from '../errors.ts';

/** Errors cross threads as data: a clone loses their class. */
export type PackedError =
  | { readonly kind: 'gap'; readonly uid: string; readonly expected: number; readonly got: number }
  | { readonly kind: 'taken'; readonly namespace: string; readonly id: number; readonly holder: string }
  | { readonly kind: 'unknown'; readonly uid: string }
  | { readonly kind: 'fenced'; readonly epoch: number; readonly highest: number }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'other'; readonly message: string; readonly stack: string | undefined };

export function packError(error: unknown): PackedError {
  if (error instanceof EntryGap) return { kind: 'gap', uid: error.uid, expected: error.expected, got: error.got };
  if (error instanceof IdTaken)
    return { kind: 'taken', namespace: error.namespace, id: error.id, holder: error.holder };
  if (error instanceof UnknownRun) return { kind: 'unknown', uid: error.uid };
  if (error instanceof Fenced) return { kind: 'fenced', epoch: error.epoch, highest: error.highest };
  if (error instanceof Unusable) return { kind: 'unusable', message: error.message };
  return error instanceof Error
    ? { kind: 'other', message: error.message, stack: error.stack }
    : { kind: 'other', message: String(error), stack: undefined };
}

export function unpackError(packed: PackedError): Error {
  switch (packed.kind) {
    case 'gap':
      return new EntryGap(packed.uid, packed.expected, packed.got);
    case 'taken':
      return new IdTaken(packed.namespace, packed.id, packed.holder);
    case 'unknown':
      return new UnknownRun(packed.uid);
    case 'fenced':
      return new Fenced(packed.epoch, packed.highest);
    case 'unusable':
      return new Unusable(packed.message);
    case 'other': {
      const error = new JournalError(`the store failed: ${packed.message}`);
      if (packed.stack !== undefined) error.stack = packed.stack;
      return error;
    }
  }
}
