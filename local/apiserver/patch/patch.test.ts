import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { builtinSchema, resolveReference } from '../resources/builtin-schemas.ts';
import { jsonPatch, PatchError } from './json-patch.ts';
import { mergePatch } from './merge.ts';
import { strategicMerge } from './strategic.ts';

describe('merge patch (the examples of RFC 7386)', () => {
  test.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j + %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  test('twice is once', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.integer(),
        fc.constant(null),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = mergePatch(target, patch);

        expect(mergePatch(once, patch)).toEqual(once);
      }),
    );
  });
});

describe('JSON patch', () => {
  const target = { a: { b: [1, 2] }, 'x/y': 1 };

  test.each<[unknown[], unknown]>([
    [[{ op: 'add', path: '/a/b/-', value: 3 }], { a: { b: [1, 2, 3] }, 'x/y': 1 }],
    [[{ op: 'add', path: '/a/b/0', value: 0 }], { a: { b: [0, 1, 2] }, 'x/y': 1 }],
    [[{ op: 'remove', path: '/x~1y' }], { a: { b: [1, 2] } }],
    [[{ op: 'replace', path: '/a', value: 1 }], { a: 1, 'x/y': 1 }],
    [[{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: [1, 2], 'x/y': 1 }],
    [[{ op: 'copy', from: '/a/b/0', path: '/c' }], { a: { b: [1, 2] }, c: 1, 'x/y': 1 }],
    [[{ op: 'test', path: '/a/b', value: [1, 2] }], target],
    [[{ op: 'replace', path: '', value: 5 }], 5],
  ])('%j', (patch, expected) => {
    expect(jsonPatch(target, patch)).toEqual(expected);
    expect(target).toEqual({ a: { b: [1, 2] }, 'x/y': 1 });
  });

  test.each([
    [[{ op: 'test', path: '/a/b', value: [1] }]],
    [[{ op: 'remove', path: '/none' }]],
    [[{ op: 'add', path: '/none/deeper', value: 1 }]],
    [[{ op: 'add', path: '/a/b/9', value: 1 }]],
    [[{ op: 'move', from: '/none', path: '/c' }]],
    [[{ op: 'dance', path: '/a' }]],
    [['junk']],
  ])('%j cannot be applied', (patch) => {
    expect(() => jsonPatch(target, patch)).toThrow(PatchError);
  });
});

describe('strategic merge patch of a pod', () => {
  const schema = builtinSchema('', 'v1', 'Pod');
  const pod = {
    metadata: { labels: { a: '1', b: '2' }, finalizers: ['x/y'] },
    spec: {
      containers: [
        { name: 'a', image: '1', args: ['x'] },
        { name: 'b', image: '2' },
      ],
    },
  };
  const patched = (patch: unknown): unknown => strategicMerge(schema, pod, patch, resolveReference);

  test.each<[string, unknown, unknown]>([
    [
      'labels merge',
      { metadata: { labels: { a: null, c: '3' } } },
      { metadata: { labels: { b: '2', c: '3' }, finalizers: ['x/y'] }, spec: pod.spec },
    ],
    [
      'plain lists of type merge grow',
      { metadata: { finalizers: ['z/w'] } },
      { metadata: { ...pod.metadata, finalizers: ['x/y', 'z/w'] }, spec: pod.spec },
    ],
    [
      'and shrink by directive',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['x/y'] } },
      { metadata: { ...pod.metadata, finalizers: [] }, spec: pod.spec },
    ],
    [
      'keyed lists merge by key, other lists are replaced',
      {
        spec: {
          containers: [
            { name: 'a', args: ['y'] },
            { name: 'c', image: '3' },
          ],
        },
      },
      {
        ...pod,
        spec: {
          containers: [
            { name: 'a', image: '1', args: ['y'] },
            { name: 'b', image: '2' },
            { name: 'c', image: '3' },
          ],
        },
      },
    ],
    [
      'items are deleted by directive, and ordered',
      {
        spec: {
          $setElementOrder: [],
          '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }],
          containers: [{ name: 'a', $patch: 'delete' }, { name: 'c' }],
        },
      },
      { ...pod, spec: { containers: [{ name: 'c' }, { name: 'b', image: '2' }] } },
    ],
    [
      'a part is replaced by directive',
      { metadata: { $patch: 'replace', labels: { z: '1' } } },
      { metadata: { labels: { z: '1' } }, spec: pod.spec },
    ],
    [
      'only retained keys stay',
      { metadata: { $retainKeys: ['labels'], labels: {} } },
      { metadata: { labels: pod.metadata.labels }, spec: pod.spec },
    ],
  ])('%s', (_name, patch, expected) => {
    expect(patched(patch)).toEqual(expected);
  });
});

test.each([
  ['a path through what every object has', [{ op: 'add', path: '/__proto__/polluted', value: 1 }]],
  ['a key that is no key', [{ op: 'add', path: '/__proto__', value: {} }]],
  ['too many operations', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }))],
  ['copies of copies', Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))],
])('a JSON patch is refused for %s', (_name, operations) => {
  expect(() => jsonPatch({ a: ['x'] }, operations)).toThrow(PatchError);
  expect({}).not.toHaveProperty('polluted');
});
