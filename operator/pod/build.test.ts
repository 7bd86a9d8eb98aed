import { describe, expect, it } from '@jest/globals';
import type { Procedure } from '../../crds/index.ts';
import { buildPod } from './build.ts';
import { prepareMessage } from './prepare.ts';
import { GIT_CREDENTIALS_PATH } from './script.ts';

const SETTINGS = { bootstrap: 'pass', image: 'python:3', imagePullPolicy: 'Never', runAsUser: 65532, env: {} } as const;

const procedure = (spec: object): Procedure =>
  ({
    metadata: { name: 'p', namespace: 'n', uid: '12345678-9abc-def0-1234-56789abcdef0' },
    spec: { script: { inline: 'pass' }, deadlines: { prepareSeconds: 600 }, output: { maxBytes: 1 }, ...spec },
    status: { id: 7 },
  }) as unknown as Procedure;

describe('the pod', () => {
  it('mounts nothing that nobody asked for', () => {
    const { spec } = buildPod(procedure({}), SETTINGS);
    expect(spec).not.toHaveProperty('volumes');
    expect(spec.containers[0]).not.toHaveProperty('volumeMounts');
  });

  it('mounts the credentials of a repository beside what the template mounts', () => {
    const git = { repo: 'https://git.test/r', path: 'p.py', secretRef: { name: 'robot' } };
    const podTemplate = {
      volumes: [{ name: 'data', emptyDir: {} }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    };
    const { spec } = buildPod(procedure({ script: { git }, podTemplate }), SETTINGS);
    const secret = { secretName: 'robot', optional: true };
    expect(spec.volumes).toEqual([...podTemplate.volumes, { name: 'oet-git-credentials', secret }]);
    expect(spec.containers[0]?.volumeMounts).toEqual([
      ...podTemplate.volumeMounts,
      { name: 'oet-git-credentials', mountPath: GIT_CREDENTIALS_PATH, readOnly: true },
    ]);
    expect(JSON.stringify(spec.containers[0]?.env)).not.toContain('robot');
  });
});

describe('prepare', () => {
  const message = (spec: object) => prepareMessage(procedure(spec), { uri: 'inline://p', source: '' }, '{}');

  it('carries requirements', () => {
    expect(message({ environment: { requirements: ['numpy'] } })).toMatchObject({
      environment: { requirements: ['numpy'] },
    });
  });

  it.each([{}, { environment: {} }, { environment: { requirements: [] } }])('has none of %j', (spec) => {
    expect(message(spec)).not.toHaveProperty('environment');
  });
});
