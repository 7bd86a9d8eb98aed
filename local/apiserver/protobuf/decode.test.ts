import { expect, test } from '@jest/globals';
import { decodeProtobuf } from './decode.ts';

function field(number: number, content: Buffer | string | number): Buffer {
  if (typeof content === 'number') return Buffer.from([number << 3, content]);
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function envelope(kind: string, ...raw: Buffer[]): Buffer {
  const typeMeta = Buffer.concat([field(1, 'v1'), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, Buffer.concat(raw))]);
}

const pair = (key: string, value: Buffer | string): Buffer => Buffer.concat([field(1, key), field(2, value)]);

test('a ConfigMap as kubectl sends it', () => {
  const meta = Buffer.concat([field(1, 'c'), field(2, ''), field(3, 'ns'), field(8, ''), field(11, pair('l', 'm'))]);
  const body = envelope(
    'ConfigMap',
    field(1, meta),
    field(2, pair('k', 'é')),
    field(3, pair('b', Buffer.from([255]))),
    field(4, 1),
  );

  expect(decodeProtobuf(body)).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'ns', labels: { l: 'm' } },
    data: { k: 'é' },
    binaryData: { b: '/w==' },
    immutable: true,
  });
});

test('fields that are not known here are passed over', () => {
  const body = envelope('Namespace', field(1, field(1, 'n')), field(9, 'whatever'), field(10, 7));

  expect(decodeProtobuf(body)).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
});

test.each([
  ['JSON', Buffer.from('{}'), 'does not begin as'],
  ['a kind that is not known here', envelope('Deployment'), 'not understood for Deployment'],
])('%s is 415', (_name, body, message) => {
  let caught: unknown;
  try {
    decodeProtobuf(body);
  } catch (error) {
    caught = error;
  }

  expect(caught).toMatchObject({ code: 415, message: expect.stringContaining(message) });
});
