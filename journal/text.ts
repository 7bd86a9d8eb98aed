import { Buffer } from 'node:buffer';
import type { Entry } from './types.ts';

/**
 * An entry as a person reads it who follows the script: its output byte for byte, a gap and the verdict as a line in brackets, the stack
 * trace of a failure as Python prints it; nothing for the rest.
 */
export function plainText(entry: Entry): Buffer {
  switch (entry.k) {
    case 'out':
      return entry.data;
    case 'gap':
      return line(`[${entry.bytes} bytes of ${entry.s} were not kept]`);
    case 'error':
      return Buffer.from(entry.stackTrace.endsWith('\n') ? entry.stackTrace : `${entry.stackTrace}\n`);
    case 'end':
      return line(`[${entry.state}: ${[entry.reason, entry.message].filter((each) => each !== null).join(', ')}]`);
    default:
      return Buffer.alloc(0);
  }
}

function line(text: string): Buffer {
  return Buffer.from(`${text}\n`);
}
