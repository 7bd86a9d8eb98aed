import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../objects.ts';
import { age, shortDuration } from './columns.ts';
import { customColumns } from './custom.ts';
import { compileJsonPath } from './jsonpath.ts';
import { podColumns, podStatus } from './pods.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('ages', () => {
  test.each<[number, string]>([
    [-5 * S, '<invalid>'],
    [-0.5 * S, '0s'],
    [0, '0s'],
    [119 * S, '119s'],
    [120 * S, '2m'],
    [125 * S, '2m5s'],
    [10 * M + 5 * S, '10m'],
    [179 * M, '179m'],
    [180 * M, '3h'],
    [3 * H + 4 * M, '3h4m'],
    [8 * H + 4 * M, '8h'],
    [47 * H, '47h'],
    [48 * H, '2d'],
    [2 * D + 3 * H, '2d3h'],
    [8 * D + 3 * H, '8d'],
    [800 * D, '2y70d'],
    [3650 * D, '10y'],
  ])('%d ms', (ms, expected) => {
    expect(shortDuration(ms)).toBe(expected);
  });

  test.each([undefined, 'soon'])('of %s is unknown', (time) => {
    expect(age(time, 0)).toBe('<unknown>');
  });
});

describe('JSONPath', () => {
  const value = {
    spec: { a: 1, 'x.y': 2 },
    list: [
      { type: 'Ready', s: 'T' },
      { type: 'B', s: 'F' },
    ],
  };

  test.each<[string, unknown[]]>([
    ['.spec.a', [1]],
    ['{.spec.a}', [1]],
    ["$.spec['x.y']", [2]],
    ['.spec.x\\.y', [2]],
    ['.list[0].s', ['T']],
    ['.list[-1].s', ['F']],
    ['.list[*].s', ['T', 'F']],
    ['.list[?(@.type=="Ready")].s', ['T']],
    ['.none.at.all', []],
  ])('%s', (path, expected) => {
    expect(compileJsonPath(path)(value)).toEqual(expected);
  });

  test('what is not understood is refused', () => {
    expect(() => compileJsonPath('.a[?(@.b>1)]')).toThrow('not understood');
  });
});

test('printer columns by their types', () => {
  const column = (type: string, jsonPath: string) => ({ name: jsonPath, type, jsonPath });
  const columns = customColumns([
    column('integer', '.n'),
    column('string', '.n'),
    column('boolean', '.b'),
    column('date', '.t'),
    column('string', '.list[*]'),
    column('string', '.none'),
  ]);
  const object = {
    apiVersion: 'x',
    kind: 'X',
    metadata: { name: 'x' },
    n: 1.5,
    b: true,
    t: '1970-01-01T00:00:00Z',
    list: ['a', 'b'],
  };

  expect(columns.map((each) => each.cell(object, 90_000))).toEqual(['x', 1, '1.5', true, '90s', 'a,b', null]);
});

describe('STATUS of a pod', () => {
  const pod = (status: unknown, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [{}] },
    status,
  });
  const container = (state: unknown): unknown => ({ phase: 'Pending', containerStatuses: [{ state }] });

  test.each<[string, KubeObject]>([
    ['Pending', pod({ phase: 'Pending' })],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    ['ContainerCreating', pod(container({ waiting: { reason: 'ContainerCreating' } }))],
    ['OOMKilled', pod(container({ terminated: { reason: 'OOMKilled', exitCode: 137 } }))],
    ['Signal:9', pod(container({ terminated: { signal: 9 } }))],
    ['ExitCode:3', pod(container({ terminated: { exitCode: 3 } }))],
    ['Terminating', pod({ phase: 'Running' }, { deletionTimestamp: 'x' })],
    ['Unknown', pod({ phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: 'x' })],
    ['Succeeded', pod({ phase: 'Succeeded' }, { deletionTimestamp: 'x' })],
  ])('%s', (expected, object) => {
    expect(podStatus(object)).toBe(expected);
  });

  test('READY counts containers that run', () => {
    const ready = podColumns.find((each) => each.name === 'Ready');
    const object = pod({ phase: 'Running', containerStatuses: [{ ready: true, state: { running: {} } }] });

    expect(ready?.cell(object, 0)).toBe('1/1');
  });
});
