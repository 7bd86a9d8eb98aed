import type { Issue } from './issues.ts';

/** What pydantic takes for an integer in a path: blanks around, a sign, underscores between digits, a fraction of zeros. */
const INTEGER = /^\s*([+-]?)0*(\d+(?:_\d+)*)(?:\.0+)?\s*$/;
/** pydantic gives up above this many characters. */
const MAX_LENGTH = 4300;

/** The id of a procedure from a path. Above 2**53 it is Infinity: no procedure has it. */
export function parseId(text: string, issues: Issue[]): number {
  const loc = ['path', 'procedure_id'];
  const match = INTEGER.exec(text);
  if (match && text.length <= MAX_LENGTH) {
    const value = Number(`${match[1] ?? ''}${(match[2] ?? '').replaceAll('_', '')}`);
    return Number.isSafeInteger(value) ? value : Infinity;
  }
  const issue = match
    ? { type: 'int_parsing_size', msg: 'Unable to parse input string as an integer, exceeded maximum size' }
    : { type: 'int_parsing', msg: 'Input should be a valid integer, unable to parse string as an integer' };
  issues.push({ type: issue.type, loc, msg: issue.msg, input: text });
  return NaN;
}
