import { apiError } from '../errors.ts';
import type { Issue } from './issues.ts';

/** What pydantic takes for an integer in a path: blanks around, a sign, underscores between digits, a fraction of zeros. */
const INTEGER = /^\s*([+-]?)0*(\d+(?:_\d+)*)(?:\.0+)?\s*$/;
/** pydantic gives up above this many characters. */
const MAX_LENGTH = 4300;

/** The id of a procedure from a path; 0 where `issues` tells why it is none. */
export function parseId(text: string, issues: Issue[]): bigint {
  const loc = ['path', 'procedure_id'];
  const match = INTEGER.exec(text);
  if (match && text.length <= MAX_LENGTH) {
    const value = BigInt((match[2] ?? '').replaceAll('_', ''));
    return match[1] === '-' ? -value : value;
  }
  const issue = match
    ? { type: 'int_parsing_size', msg: 'Unable to parse input string as an integer, exceeded maximum size' }
    : { type: 'int_parsing', msg: 'Input should be a valid integer, unable to parse string as an integer' };
  issues.push({ type: issue.type, loc, msg: issue.msg, input: text });
  return 0n;
}

/** The id as a number. Throws the 404 above 2**53, where no procedure has one and numbers are rounded. */
export function knownId(id: bigint): number {
  const value = Number(id);
  if (!Number.isSafeInteger(value)) throw apiError('unknown-procedure', [id.toString()]);
  return value;
}
