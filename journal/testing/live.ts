import { createHash } from 'node:crypto';
import type { Live } from '../shared/record.ts';

/** A run as the writer remembers it right after `openRun`. */
export function newLive(): Live {
  return {
    record: {
      ...{
        uid: 'u',
        namespace: 'n',
        name: 'x',
        id: 1,
        created: 0,
        info: '{}',
        state: 'CREATING',
        history: [['CREATING', 0]],
      },
      ...{ failure: null, result: null, progress: null, end: null, finished: null, verdict: null },
      ...{ high: 0, stdout: 0, stderr: 0, complete: false, deleted: false, revision: 0 },
    },
    seen: 0,
    hashes: { stdout: createHash('sha256'), stderr: createHash('sha256') },
  };
}
