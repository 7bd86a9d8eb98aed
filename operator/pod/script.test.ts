import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Procedure } from '../../crds/index.ts';
import { findScript, scriptUri } from './script.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'oet-scripts-'));
  await mkdir(path.join(folder, 'scripts'));
  await writeFile(path.join(folder, 'scripts', 'a.py'), 'A');
  await writeFile(path.join(folder, 'secret.py'), 'S');
  await symlink(path.join(folder, 'secret.py'), path.join(folder, 'scripts', 'link.py'));
});
afterAll(() => rm(folder, { recursive: true }));

const procedure = (spec: object): Procedure => ({ metadata: { name: 'p' }, spec }) as unknown as Procedure;
const ports = (configMap?: Buffer) => ({
  folders: [path.join(folder, 'scripts')],
  configMapKey: () => Promise.resolve(configMap),
});
const sent = (text: string): string => Buffer.from(text).toString('base64');

describe('a file', () => {
  it.each(['a.py', 'file://a.py'])('%s is found in the scripts folder', async (file) => {
    const found = await findScript(procedure({ script: { file } }), ports());
    expect(found.message).toEqual({ uri: 'file://a.py', source: sent('A') });
  });

  it('elsewhere is left to the pod', async () => {
    const found = await findScript(procedure({ script: { file: 'file:///not/there.py' } }), ports());
    expect(found.message).toEqual({ uri: 'file:///not/there.py', path: '/not/there.py' });
  });

  it.each(['../secret.py', 'link.py'])('%s does not lead out of the folder', async (file) => {
    const found = await findScript(procedure({ script: { file } }), ports());
    expect(found.message).toHaveProperty('path');
  });
});

describe('other sources', () => {
  it('a ConfigMap', async () => {
    const script = { configMap: { name: 'm', key: 'k.py' } };
    expect((await findScript(procedure({ script }), ports(Buffer.from('C')))).message).toEqual({
      uri: 'configmap://m/k.py',
      source: sent('C'),
    });
    await expect(findScript(procedure({ script }), ports())).rejects.toMatchObject({
      reason: 'ScriptNotFound',
      final: false,
    });
  });

  it('git: a tag goes the way of a branch', async () => {
    const script = { git: { repo: 'https://git.test/r', path: 'x/y.py', tag: 'v1' } };
    expect((await findScript(procedure({ script, environment: { create: true } }), ports())).message).toEqual({
      uri: 'git://x/y.py',
      git: { repo: 'https://git.test/r', path: 'x/y.py', branch: 'v1', createEnv: true },
    });
  });

  it.each([
    ['spec.script.git.secretRef', { script: { git: { repo: 'r', path: 'p', secretRef: { name: 's' } } } }],
    ['spec.environment.requirements', { script: { inline: 'x' }, environment: { requirements: ['numpy'] } }],
  ])('%s is refused by name, not ignored', async (field, spec) => {
    await expect(findScript(procedure(spec), ports())).rejects.toMatchObject({
      reason: 'NotSupported',
      final: true,
      message: `${field} is not supported yet`,
    });
  });

  it('are called by their URIs', () => {
    expect(scriptUri(procedure({ script: { inline: 'x' } }))).toBe('inline://p');
  });
});
