import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { encodeMessage, MAX_FRAME, MAX_MESSAGE } from './frames.ts';
import { FrameReader } from './testing/frame-reader.ts';

interface GoldenFrames {
  name: string;
  session: number;
  seq: number;
  message: Record<string, unknown>;
  frames: string[];
}
interface GoldenStream {
  name: string;
  stream: string;
  result: {
    messages: { session: number; seq: number; message: unknown }[];
    stale: [number, number][];
    damaged: number;
    highest: number;
  };
}

const golden = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')) as T[];

describe('encodeMessage', () => {
  test.each(golden<GoldenFrames>('frames.json'))('gives the bytes of the golden transcript: $name', (each) => {
    const frames = encodeMessage(each.session, each.seq, each.message);

    expect(frames.map((frame) => frame.toString('base64'))).toEqual(each.frames);
  });

  test('stays within a frame of 4,096 bytes with the longest header', () => {
    const frames = encodeMessage(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, {
      m: 'x'.repeat(MAX_MESSAGE - 100),
    });

    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(MAX_FRAME);
  });

  test.each([
    ['a session below 0', -1, 1, {}],
    ['a seq below 1', 0, 0, {}],
    ['a fraction', 0.5, 1, {}],
    ['a message above 8 MiB', 0, 1, { m: 'x'.repeat(MAX_MESSAGE) }],
  ])('refuses %s', (_, session, seq, message) => {
    expect(() => encodeMessage(session, seq, message)).toThrow(RangeError);
  });

  test('is read back, whatever the order of frames, their repetition and the cuts between reads', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12_000 }),
        fc.infiniteStream(fc.nat()),
        fc.infiniteStream(fc.integer({ min: 1, max: 6000 })),
        (value, order, sizes) => {
          const frames = encodeMessage(4, 2, { m: 'ping', value });
          const repeated = [...frames, ...frames.slice(0, -1)].map((frame) => ({ frame, at: order.next().value ?? 0 }));
          const bytes = Buffer.concat(repeated.sort((one, other) => one.at - other.at).map(({ frame }) => frame));
          const reader = new FrameReader();
          const messages = [];
          for (let start = 0; start < bytes.length;) {
            const end = start + Number(sizes.next().value);
            messages.push(...reader.push(bytes.subarray(start, end)).messages);
            start = end;
          }

          expect(messages[0]).toEqual({ session: 4, seq: 2, message: { m: 'ping', value } });
          expect(reader.damaged).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('FrameReader', () => {
  test.each(golden<GoldenStream>('streams.json'))('reads the golden stream: $name', ({ stream, result }) => {
    const whole = new FrameReader();
    const read = whole.push(Buffer.from(stream, 'base64'));

    expect({
      messages: read.messages,
      stale: read.refused.map(({ session, seq }) => [session, seq]),
      damaged: whole.damaged,
      highest: whole.highest,
    }).toEqual(result);
  });
});
