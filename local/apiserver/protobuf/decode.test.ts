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

test('an empty text is kept in a list: the core group of a rule', () => {
  const rule = Buffer.concat([field(1, 'get'), field(2, ''), field(3, 'pods')]);
  const body = envelope('Role', field(2, rule));

  expect(decodeProtobuf(body)).toMatchObject({ rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] });
});

test('quantities, and numbers that may be text', () => {
  const quota = envelope('ResourceQuota', field(2, field(1, pair('pods', field(1, '10')))));
  const budget = envelope(
    'PodDisruptionBudget',
    field(2, Buffer.concat([field(1, Buffer.concat([field(1, 1), field(3, '50%')])), field(3, field(2, 1))])),
  );

  expect(decodeProtobuf(quota)).toMatchObject({ spec: { hard: { pods: '10' } } });
  expect(decodeProtobuf(budget)).toMatchObject({ spec: { minAvailable: '50%', maxUnavailable: 1 } });
});

const shifted = Buffer.alloc(11, 0xff);

test.each<[name: string, body: Buffer, message: string, code?: number]>([
  ['JSON', Buffer.from('{}'), 'does not begin as'],
  ['a number that does not end', Buffer.concat([Buffer.from('k8s\0'), shifted]), 'more than 64 bits'],
  ['a body that is cut', envelope('ConfigMap', field(1, field(1, 'c'))).subarray(0, -1), 'ends within a field'],
  ['a field of another type', envelope('ConfigMap', field(1, 7)), 'has wire type 0'],
  ['a kind that is not known here', envelope('Deployment'), 'not understood for Deployment', 415],
])('%s is refused', (_name, body, message, code = 400) => {
  let caught: unknown;
  try {
    decodeProtobuf(body);
  } catch (error) {
    caught = error;
  }

  expect(caught).toMatchObject({ code, message: expect.stringContaining(message) });
});
