import type { Request } from 'express';
import type { StreamName } from '../../journal/types.ts';
import { invalid } from '../errors.ts';
import type { Issue } from '../requests/issues.ts';
import { Fields } from '../requests/issues.ts';

/** How output is asked for. */
export interface OutputQuery {
  /** Stay until the end. */
  readonly follow: boolean;
  /** Only this stream; both, in the order in which they were captured, without it. */
  readonly stream?: StreamName;
  /** Bytes of the selected text that the client has already. */
  readonly from: number;
}

/** Reads `follow`, `stream` and `from`. Throws the 422. */
export function outputQuery(request: Request): OutputQuery {
  const issues: Issue[] = [];
  const fields = new Fields(request.query, ['query'], issues);
  const follow = fields.get('follow') === undefined ? false : fields.boolean('follow');
  const stream = fields.get('stream');
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr') {
    const expected = "'stdout' or 'stderr'";
    fields.report('stream', 'literal_error', `Input should be ${expected}`, { expected });
  }
  const from = count(fields, 'from');
  if (issues.length > 0) throw invalid(issues);
  return { follow: follow ?? false, from, ...(stream === 'stdout' || stream === 'stderr' ? { stream } : {}) };
}

/** A whole number from 0 up; 0 without it. */
export function count(fields: Fields, name: string): number {
  const text = fields.get(name);
  if (text === undefined) return 0;
  const number = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) return number;
  fields.report(name, 'int_parsing', 'Input should be a valid integer from 0 up, unable to parse string as an integer');
  return 0;
}
