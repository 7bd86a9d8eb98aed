import { expect, test } from '@jest/globals';
import { builtinSchema, resolveReference } from '../resources/builtin-schemas.ts';
import { typeError } from './typed.ts';

const MICRO = '2006-01-02T15:04:05.000000Z07:00';

test.each<[string, unknown, string | undefined]>([
  [
    'Pod',
    { spec: { containers: [{ name: 'a', env: [{ name: 'x', value: 1 }] }] } },
    'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
  ],
  [
    'Pod',
    { spec: { containers: 'x' } },
    'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  ['Pod', { spec: { activeDeadlineSeconds: 2n ** 60n, containers: null } }, undefined],
  [
    'ConfigMap',
    { data: { a: true } },
    'json: cannot unmarshal bool into Go struct field ConfigMap.data of type string',
  ],
  [
    'Lease',
    { spec: { renewTime: 'yesterday' } },
    `parsing time "yesterday" as "${MICRO}": cannot parse "yesterday" as "2006"`,
  ],
  [
    'Lease',
    { spec: { renewTime: '2026-01-01T00:00:00.123Z' } },
    `parsing time "2026-01-01T00:00:00.123Z" as "${MICRO}": cannot parse ".123Z" as ".000000"`,
  ],
  ['Lease', { spec: { renewTime: '2026-01-01T00:00:00.123456Z' } }, undefined],
  ['Event', { firstTimestamp: '2026-01-01T00:00:00.5+01:00' }, undefined],
])('%s %p', (kind, value, expected) => {
  const schema = builtinSchema(kind === 'Lease' ? 'coordination.k8s.io' : '', 'v1', kind) ?? {};

  expect(typeError(schema, value, resolveReference)).toBe(expected);
});
