import { ApiError } from '../errors.ts';
import { MESSAGES, type Field } from './messages.ts';

/** The media type that kubectl's typed commands send (`create configmap`, `create namespace`, …). */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** Takes a Kubernetes protobuf body apart into the object as JSON. Throws 415 for kinds whose fields are not known here. */
export function decodeProtobuf(body: Buffer): unknown {
  if (!body.subarray(0, 4).equals(MAGIC)) throw unsupported('the body does not begin as Kubernetes protobuf does');
  const envelope = decodeMessage(body.subarray(4), 'Unknown') as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: Buffer;
  };
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {};
  if (!MESSAGES[kind]) throw unsupported(`protobuf is not understood for ${kind}; send application/json`);
  return { apiVersion, kind, ...decodeMessage(envelope.raw ?? Buffer.alloc(0), kind) };
}

function unsupported(why: string): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', why);
}

function decodeMessage(bytes: Buffer, type: string): Record<string, unknown> {
  const fields = MESSAGES[type] ?? {};
  const result: Record<string, unknown> = {};
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw unsupported('the protobuf body ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asIntN(64, value);
    }
  }

  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    let value: bigint | Buffer;
    if (wire === 0) value = varint();
    else if (wire === 2) {
      const length = Number(varint());
      value = bytes.subarray(at, (at += length));
    } else if (wire === 1 || wire === 5) {
      const length = wire === 1 ? 8 : 4;
      value = bytes.subarray(at, (at += length));
    } else throw unsupported(`wire type ${wire} of protobuf is not known`);
    const field = fields[tag >>> 3];
    if (field) store(result, field, value);
  }
  return result;
}

function store(result: Record<string, unknown>, field: Field, value: bigint | Buffer): void {
  const { name, type, repeated } = field;
  if (type === 'map' || type === 'bytesmap') {
    const entry = decodeMessage(value as Buffer, type === 'map' ? 'StringEntry' : 'BytesEntry');
    const map = (result[name] ??= {}) as Record<string, unknown>;
    const content = entry['value'];
    map[typeof entry['key'] === 'string' ? entry['key'] : ''] = Buffer.isBuffer(content)
      ? content.toString('base64')
      : (content ?? '');
    return;
  }
  const decoded = scalar(type, value);
  if (decoded === undefined) return;
  if (repeated) ((result[name] ??= []) as unknown[]).push(decoded);
  else result[name] = decoded;
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
    case 'time': {
      const { seconds = 0 } = decodeMessage(value as Buffer, 'Time') as { seconds?: number };
      return seconds <= 0 ? undefined : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    }
    default: {
      const message = decodeMessage(value as Buffer, type);
      return Object.keys(message).length === 0 && type === 'ObjectMeta' ? undefined : message;
    }
  }
}
