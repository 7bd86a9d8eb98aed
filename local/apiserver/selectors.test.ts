import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from './objects.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';

describe('labels', () => {
  const labels = { app: 'x', 'a.b/c': '5' };

  test.each<[string, boolean]>([
    ['app=x', true],
    ['app==x', true],
    ['app=y', false],
    ['app!=y', true],
    ['none!=y', true],
    ['app', true],
    ['!app', false],
    ['!none', true],
    ['app in (x, y)', true],
    ['app in (y)', false],
    ['app notin (y),a.b/c', true],
    ['none notin (y)', true],
    ['none in (y)', false],
    ['a.b/c>4', true],
    ['a.b/c<5', false],
    ['app=x,a.b/c=6', false],
    [' app = x , a.b/c = 5 ', true],
  ])('%s', (text, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  test.each([
    ['a b', "found 'b'"],
    ['=', 'unable to parse requirement'],
    ['a in x', 'unable to parse requirement'],
  ])('%s is no selector', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });
});

describe('fields', () => {
  const object: KubeObject = { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, status: { phase: 'Done' } };
  const fields = {
    'metadata.name': (each: KubeObject): string => each.metadata.name,
    'status.none': (): string => '',
  };

  test.each<[string, boolean]>([
    ['metadata.name=n', true],
    ['metadata.name!=n', false],
    ['status.none=', true],
    ['status.none!=Done', true],
    ['metadata.name==n,status.none=x', false],
  ])('%s', (text, expected) => {
    expect(parseFieldSelector(text, fields)(object)).toBe(expected);
  });

  test.each([
    ['status.phase=Done', 'field label not supported: status.phase'],
    ['toString=x', 'field label not supported: toString'],
    ['junk', 'invalid selector'],
  ])('%s is refused', (text, message) => {
    expect(() => parseFieldSelector(text, fields)).toThrow(message);
  });
});
