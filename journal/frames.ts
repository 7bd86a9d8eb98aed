import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { losslessStringify } from './lossless.ts';

/** Bytes of a frame with its two line feeds; what a pipe takes in one piece (PIPE_BUF). */
export const MAX_FRAME = 4096;
/** Frames of one message; the limit of its bytes is reached before. */
export const MAX_PARTS = 4096;
/** Bytes of incomplete messages that the reader holds, hence of one message. */
export const MAX_MESSAGE = 8 * 1024 * 1024;

/** Bytes of payload in a frame: with the longest header, of 130 bytes, it stays below MAX_FRAME. The runner's own encoder has the same. */
const SLICE = 3840;

const LF = Buffer.from('\n');

/**
 * The frames of a message for the runner's stdin (docs/protocol.md section 1), each to be written whole and in any order.
 * `seq` from 1 within the session; a message that is sent again keeps it. Throws RangeError if it is too long.
 */
export function encodeMessage(session: number, seq: number, message: object): Buffer[] {
  if (!Number.isSafeInteger(session) || session < 0) throw new RangeError(`session ${session}`);
  if (!Number.isSafeInteger(seq) || seq < 1) throw new RangeError(`seq ${seq}`);
  const text = Buffer.from(losslessStringify(message));
  if (text.length > MAX_MESSAGE)
    throw new RangeError(`a message of ${text.length} bytes is longer than ${MAX_MESSAGE}`);

  if (text.length <= SLICE) return [frame(session, seq, '1/1', '-', text)];

  const digest = createHash('sha256').update(text).digest('hex');
  const parts = Math.ceil(text.length / SLICE);
  return Array.from({ length: parts }, (_, index) =>
    frame(session, seq, `${index + 1}/${parts}`, digest, text.subarray(index * SLICE, (index + 1) * SLICE)),
  );
}

/** What the CRC covers besides the payload. */
export function crcPrefix(session: number | string, seq: number | string, part: string, digest: string): string {
  return `${session} ${seq} ${part} ${digest} `;
}

function frame(session: number, seq: number, part: string, digest: string, payload: Buffer): Buffer {
  const head = crcPrefix(session, seq, part, digest);
  const crc = crc32(payload, crc32(head)).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`\n@oet1 ${head}${payload.length} ${crc} `), payload, LF]);
}
