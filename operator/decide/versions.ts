/** The versions of the wire that this operator speaks (docs/protocol.md section 6): its own, and the one before, since pods outlive an upgrade. */
import type { Observed } from './types.ts';

const PROTOCOL = { newest: 2, oldest: 1 } as const;

/**
 * What this run's bootstrap speaks: by its hello, or by what the store remembers of that. Operators of version 1 stored a
 * hello without its version. Undefined as long as there was none.
 */
export function versionOf({ capture, run }: Pick<Observed, 'capture' | 'run'>): number | undefined {
  if (capture.hello) return capture.hello.v;
  if (run === undefined || run.high === 0) return undefined;
  const { protocol } = run.info;
  return typeof protocol === 'number' ? protocol : PROTOCOL.oldest;
}

/** Why this run's pod cannot be driven by this operator, if so: it is of an operator much older or newer. */
export function foreign(o: Pick<Observed, 'capture' | 'run'>): { reason: string; message: string } | undefined {
  const version = versionOf(o);
  const { oldest, newest } = PROTOCOL;
  if (version === undefined || (version >= oldest && version <= newest)) return undefined;
  const message = `the pod speaks protocol version ${version}, this operator ${oldest} to ${newest}`;
  return { reason: 'ProtocolVersion', message };
}
