import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CONFIG_MAPS, EVENTS, NAMESPACES, PROCEDURES } from './kinds.ts';
import type { ConfigMap } from './kinds.ts';
import { pathOf, resource } from './resources.ts';
import type { Resource } from './resources.ts';
import { configMap } from './testing/objects.ts';
import { json, serve } from './testing/server.ts';
import type { TestServer } from './testing/server.ts';

let server: TestServer;
let maps: Resource<ConfigMap>;
beforeEach(async () => {
  server = await serve((_request, response) => json(response, configMap('a', 2)));
  maps = resource(server.kube, CONFIG_MAPS, 'ns');
});
afterEach(() => server.close());

test.each([
  [pathOf(CONFIG_MAPS, 'ns'), '/api/v1/namespaces/ns/configmaps'],
  [pathOf(CONFIG_MAPS), '/api/v1/configmaps'],
  [pathOf(NAMESPACES, undefined, 'a'), '/api/v1/namespaces/a'],
  [pathOf(EVENTS, 'ns', 'a'), '/apis/events.k8s.io/v1/namespaces/ns/events/a'],
  [pathOf(PROCEDURES, 'ns', 'a', 'status'), '/apis/oet.skao.int/v1alpha1/namespaces/ns/procedures/a/status'],
  [pathOf(CONFIG_MAPS, 'ns', '../b?c'), '/api/v1/namespaces/ns/configmaps/..%2Fb%3Fc'],
])('path %s', (path, expected) => {
  expect(path).toBe(expected);
});

describe('a call', () => {
  const base = '/api/v1/namespaces/ns/configmaps';
  const merge = 'application/merge-patch+json';
  const cases: [
    string,
    () => Promise<unknown>,
    { method: string; path: string; query?: object; type?: string; body?: unknown },
  ][] = [
    ['get', () => maps.get('a'), { method: 'GET', path: `${base}/a` }],
    [
      'create, dry',
      () => maps.create(configMap('a', 1), { dryRun: true, fieldManager: 'me' }),
      {
        method: 'POST',
        path: base,
        query: { dryRun: 'All', fieldManager: 'me' },
        type: 'application/json',
        body: configMap('a', 1),
      },
    ],
    [
      'replace',
      () => maps.replace(configMap('a', 1)),
      { method: 'PUT', path: `${base}/a`, type: 'application/json', body: configMap('a', 1) },
    ],
    [
      'replaceStatus',
      () => maps.replaceStatus(configMap('a', 1)),
      { method: 'PUT', path: `${base}/a/status`, type: 'application/json', body: configMap('a', 1) },
    ],
    [
      'mergePatch',
      () => maps.mergePatch('a', { data: null }),
      { method: 'PATCH', path: `${base}/a`, type: merge, body: { data: null } },
    ],
    [
      'mergePatch of the status',
      () => maps.mergePatch('a', {}, { subresource: 'status', fieldManager: 'me' }),
      { method: 'PATCH', path: `${base}/a/status`, query: { fieldManager: 'me' }, type: merge, body: {} },
    ],
    [
      'jsonPatch',
      () => maps.jsonPatch('a', [{ op: 'remove', path: '/data' }]),
      {
        method: 'PATCH',
        path: `${base}/a`,
        type: 'application/json-patch+json',
        body: [{ op: 'remove', path: '/data' }],
      },
    ],
    [
      'apply fills in who it is',
      () => maps.apply('a', { metadata: { labels: { x: 'y' } } }, { fieldManager: 'me', force: true }),
      {
        method: 'PATCH',
        path: `${base}/a`,
        query: { fieldManager: 'me', force: 'true' },
        type: 'application/apply-patch+yaml',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { x: 'y' } } },
      },
    ],
    [
      'delete',
      () => maps.delete('a', { uid: 'u', gracePeriodSeconds: 0, propagationPolicy: 'Background' }),
      {
        method: 'DELETE',
        path: `${base}/a`,
        type: 'application/json',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'u' },
          gracePeriodSeconds: 0,
          propagationPolicy: 'Background',
        },
      },
    ],
    [
      'delete whatever it is',
      () => maps.delete('a'),
      {
        method: 'DELETE',
        path: `${base}/a`,
        type: 'application/json',
        body: { apiVersion: 'v1', kind: 'DeleteOptions' },
      },
    ],
  ];
  test.each(cases)('%s', async (_, call, expected) => {
    await call();

    const { method, path, query, headers, body } = server.seen[0]!;
    const sent = {
      method,
      path,
      query: Object.fromEntries(query),
      type: headers['content-type'],
      body: body === '' ? undefined : JSON.parse(body),
    };
    expect(sent).toEqual({ query: {}, type: undefined, body: undefined, ...expected });
  });

  test('replace of something without a name is a mistake of ours', () => {
    expect(() => maps.replace({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })).toThrow('has no name');
  });
});
