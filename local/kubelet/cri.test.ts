import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDecoder, createSplitter, logTime, MAX_LINE } from './cri.ts';

const TIME = '2026-01-02T03:04:05.000000000Z';

/** Cuts a buffer at the given shares of its length. */
function cut(data: Buffer, shares: number[]): Buffer[] {
  const at = [0, ...shares.map((share) => Math.floor(share * data.length)).sort((a, b) => a - b), data.length];
  return at.slice(1).map((end, i) => data.subarray(at[i], end));
}

describe('log lines', () => {
  it('come back as they were, however they were cut on the way', () => {
    const text = fc.array(
      fc.oneof(
        fc.stringMatching(/^[a-c \n]{0,30}$/),
        fc.constant('x'.repeat(MAX_LINE)),
        fc.constant('y'.repeat(2 * MAX_LINE + 1)),
      ),
      { maxLength: 8 },
    );
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });
    fc.assert(
      fc.property(text, fc.boolean(), shares, shares, (lines, ended, wayIn, wayOut) => {
        const written = Buffer.from(lines.join('\n') + (ended ? '\n' : ''));
        const splitter = createSplitter('stdout');
        const file = Buffer.concat([
          ...cut(written, wayIn).flatMap((chunk) => splitter.push(chunk, TIME)),
          ...splitter.end(TIME),
        ]);
        const decoder = createDecoder({});
        const back = Buffer.concat(cut(file, wayOut).map((chunk) => decoder.push(chunk)));
        expect(back.equals(written)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('are cut above 16 KiB, and a line of just that is whole', () => {
    const splitter = createSplitter('stderr');
    const tags = (data: string): string[] =>
      Buffer.concat(splitter.push(Buffer.from(data), TIME))
        .toString()
        .match(/stderr [FP]/g) ?? [];
    expect(tags(`${'a'.repeat(MAX_LINE)}\n`)).toEqual(['stderr F']);
    expect(tags(`${'a'.repeat(MAX_LINE + 1)}\n`)).toEqual(['stderr P', 'stderr F']);
    expect(tags('held')).toEqual([]);
  });

  it('lose a carriage return before a newline, and no other', () => {
    const splitter = createSplitter('stdout');
    const data = Buffer.from('a\r\nb\rc\n\r\nd\r');
    const file = Buffer.concat([...splitter.push(data, TIME), ...splitter.end(TIME)]);
    expect(createDecoder({}).push(file).toString()).toBe('a\nb\rc\n\nd\r');
  });

  it('carry times that sort as text', () => {
    expect(logTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6) + 0.25)).toBe('2026-01-02T03:04:05.006250000Z');
  });
});
