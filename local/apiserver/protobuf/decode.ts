import { ApiError, badRequest } from '../errors.ts';
import { MESSAGES, type Field } from './messages.ts';

/** The media type that kubectl's typed commands send (`create configmap`, `create namespace`, …). */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** The end of the year 9999, which is as far as RFC 3339 goes. */
const LAST_SECOND = 253_402_300_799;

/**
 * Takes a Kubernetes protobuf body apart into the object as JSON. Throws 400 for what is none, and 415 for kinds whose
 * fields are not known here.
 */
export function decodeProtobuf(body: Buffer): unknown {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('the body does not begin as Kubernetes protobuf does');
  const envelope = decodeMessage(body.subarray(4), 'Unknown') as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: Buffer;
  };
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {};
  if (!Object.hasOwn(MESSAGES, kind) || !apiVersion)
    throw new ApiError(415, 'UnsupportedMediaType', `protobuf is not understood for ${kind}; send application/json`);
  return { apiVersion, kind, ...decodeMessage(envelope.raw ?? Buffer.alloc(0), kind) };
}

function decodeMessage(bytes: Buffer, type: string): Record<string, unknown> {
  const fields = MESSAGES[type] ?? {};
  const result: Record<string, unknown> = {};
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (shift > 63n) throw badRequest('a number of the protobuf body has more than 64 bits');
      if (byte === undefined) throw badRequest('the protobuf body ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asIntN(64, value);
    }
  }

  function take(length: number): Buffer {
    const end = at + length;
    if (!(end <= bytes.length)) throw badRequest('the protobuf body ends within a field');
    return bytes.subarray(at, (at = end));
  }

  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    let value: bigint | Buffer;
    if (wire === 0) value = varint();
    else if (wire === 2) value = take(Number(BigInt.asUintN(64, varint())));
    else if (wire === 1 || wire === 5) value = take(wire === 1 ? 8 : 4);
    else throw badRequest(`wire type ${wire} of protobuf is not known`);
    const field = fields[tag >>> 3];
    if (!field) continue;
    const expected = field.type === 'int' || field.type === 'bool' ? 0 : 2;
    if (wire !== expected) throw badRequest(`field ${field.name} of ${type} has wire type ${wire}`);
    store(result, field, value);
  }
  return result;
}

/** The kinds of map, and the message that an entry is. */
const MAPS: Record<string, string> = { map: 'StringEntry', bytesmap: 'BytesEntry', quantitymap: 'QuantityEntry' };

function store(result: Record<string, unknown>, field: Field, value: bigint | Buffer): void {
  const { name, type, repeated } = field;
  const entryType = MAPS[type];
  if (entryType !== undefined) {
    const { key = '', value: content = '' } = decodeMessage(value as Buffer, entryType) as MapEntry;
    const map = (result[name] ??= {}) as Record<string, unknown>;
    // an own property, whatever the key is called
    Object.defineProperty(map, key, { value: mapValue(content), enumerable: true, configurable: true, writable: true });
    return;
  }
  if (repeated) {
    // an empty text counts in a list: the core group is one
    ((result[name] ??= []) as unknown[]).push(
      type === 'string' ? (value as Buffer).toString('utf8') : scalar(type, value),
    );
    return;
  }
  const decoded = scalar(type, value);
  if (decoded !== undefined) result[name] = decoded;
}

interface MapEntry {
  key?: string;
  value?: string | Buffer | { string?: string };
}

function mapValue(content: NonNullable<MapEntry['value']>): string {
  if (Buffer.isBuffer(content)) return content.toString('base64');
  return typeof content === 'string' ? content : (content.string ?? '');
}

function scalar(type: string, value: bigint | Buffer): unknown {
  switch (type) {
    case 'string': {
      const text = (value as Buffer).toString('utf8');
      return text === '' ? undefined : text;
    }
    case 'bytes':
      return value;
    case 'int':
      return Number(value);
    case 'bool':
      return value !== 0n;
    case 'intorstring': {
      const {
        type: kind = 0,
        intVal = 0,
        strVal = '',
      } = decodeMessage(value as Buffer, 'IntOrString') as {
        type?: number;
        intVal?: number;
        strVal?: string;
      };
      return kind === 0 ? intVal : strVal;
    }
    case 'time': {
      const { seconds = 0 } = decodeMessage(value as Buffer, 'Time') as { seconds?: number };
      if (seconds <= 0) return undefined;
      if (seconds > LAST_SECOND) throw badRequest('a time of the protobuf body is out of range');
      return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    }
    default: {
      const message = decodeMessage(value as Buffer, type);
      return Object.keys(message).length === 0 && type === 'ObjectMeta' ? undefined : message;
    }
  }
}
