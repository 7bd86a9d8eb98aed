import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../apiserver/objects.ts';
import { containerArgv, containerEnv, expand } from './env.ts';
import type { ContainerSpec, Pod } from './pod.ts';

const FACTS = { nodeName: 'local', hostIP: '127.0.0.1', podIP: '127.0.0.2' };
const OBJECTS: Record<string, KubeObject> = {
  'configmaps/ns/cm': {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm' },
    data: { good: '1', 'a.b': '3' },
  },
  'secrets/ns/s': {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { k: Buffer.from('ü').toString('base64') },
  },
};

function envOf(container: Partial<ContainerSpec>): Record<string, string> {
  const main = { name: 'main', image: 'python:3', ...container };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: 'b' } },
    spec: { containers: [main] },
  };
  return containerEnv(pod, main, (kind, ns, name) => OBJECTS[`${kind}/${ns}/${name}`], FACTS);
}

describe('containerEnv', () => {
  it.each<[string, Partial<ContainerSpec>, Record<string, string>]>([
    ['a value', { env: [{ name: 'A', value: '1' }] }, { A: '1' }],
    [
      'a value of values before it',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '$(A)-$(NO)-$$(A)' },
        ],
      },
      { A: '1', B: '1-$(NO)-$(A)' },
    ],
    ['a field', { env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }, { N: 'p' }],
    ['a label', { env: [{ name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] }, { L: 'b' }],
    [
      'an address',
      { env: [{ name: 'I', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      { I: '127.0.0.2' },
    ],
    ['a Secret', { env: [{ name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }, { S: 'ü' }],
    [
      'all of a ConfigMap',
      { envFrom: [{ configMapRef: { name: 'cm' }, prefix: 'P_' }] },
      { P_good: '1', 'P_a.b': '3' },
    ],
    [
      'what is optional and missing',
      { env: [{ name: 'O', valueFrom: { secretKeyRef: { name: 'no', key: 'k', optional: true } } }] },
      {},
    ],
    [
      'a limit',
      {
        resources: { limits: { memory: '1Mi' } },
        env: [{ name: 'M', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Ki' } } }],
      },
      { M: '1024' },
    ],
  ])('gives %s', (_what, container, expected) => {
    expect(envOf(container)).toEqual(expected);
  });

  it.each<[string, Partial<ContainerSpec>]>([
    ['secret "no" not found', { env: [{ name: 'S', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }] }],
    [
      "couldn't find key no in ConfigMap ns/cm",
      { env: [{ name: 'S', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] },
    ],
    ['configmap "no" not found', { envFrom: [{ configMapRef: { name: 'no' } }] }],
  ])('refuses with %s', (message, container) => {
    expect(() => envOf(container)).toThrow(message);
  });
});

describe('containerArgv', () => {
  it('expands command and arguments', () => {
    const container = { name: 'main', image: 'x', command: ['sh', '-c'], args: ['echo $(A) $(B) $$(A)'] };
    expect(containerArgv(container, { A: '1' })).toEqual(['sh', '-c', 'echo 1 $(B) $(A)']);
  });
  it('does not take inherited names for values', () => {
    expect(expand('$(constructor)', {})).toBe('$(constructor)');
  });
});
