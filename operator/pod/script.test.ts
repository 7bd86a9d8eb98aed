import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ANNOTATIONS } from '../../crds/index.ts';
import type { Procedure } from '../../crds/index.ts';
import { findScript, GIT_CREDENTIALS_PATH, scriptUri } from './script.ts';

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
    const found = await findScript(procedure({ script: { file } }), ports(), 2);
    expect(found.message).toEqual({ uri: 'file://a.py', source: sent('A') });
  });

  it('elsewhere is left to the pod', async () => {
    const found = await findScript(procedure({ script: { file: 'file:///not/there.py' } }), ports(), 2);
    expect(found.message).toEqual({ uri: 'file:///not/there.py', path: '/not/there.py' });
  });

  it.each(['../secret.py', 'link.py'])('%s does not lead out of the folder', async (file) => {
    const found = await findScript(procedure({ script: { file } }), ports(), 2);
    expect(found.message).toHaveProperty('path');
  });
});

describe('other sources', () => {
  it('a ConfigMap', async () => {
    const script = { configMap: { name: 'm', key: 'k.py' } };
    expect((await findScript(procedure({ script }), ports(Buffer.from('C')), 2)).message).toEqual({
      uri: 'configmap://m/k.py',
      source: sent('C'),
    });
    await expect(findScript(procedure({ script }), ports(), 2)).rejects.toMatchObject({
      reason: 'ScriptNotFound',
      final: false,
    });
  });

  it.each([
    [2, { tag: 'v1' }],
    [1, { branch: 'v1' }],
  ])('git: a tag, for version %i', async (version, ref) => {
    const script = { git: { repo: 'https://git.test/r', path: 'x/y.py', tag: 'v1' } };
    const wanted = procedure({ script, environment: { create: true } });
    expect((await findScript(wanted, ports(), version)).message).toEqual({
      uri: 'git://x/y.py',
      git: { repo: 'https://git.test/r', path: 'x/y.py', ...ref, createEnv: true },
    });
  });

  it('git: with credentials', async () => {
    const script = { git: { repo: 'https://git.test/r', path: 'p', commit: 'abcd', secretRef: { name: 's' } } };
    const credentials = { name: 's', path: GIT_CREDENTIALS_PATH };
    expect((await findScript(procedure({ script }), ports(), 2)).message).toEqual({
      uri: 'git://p',
      git: { repo: 'https://git.test/r', path: 'p', commit: 'abcd', createEnv: false, credentials },
    });
  });

  it.each([
    ['spec.script.git.secretRef', { script: { git: { repo: 'r', path: 'p', secretRef: { name: 's' } } } }],
    ['spec.environment.requirements', { script: { inline: 'x' }, environment: { requirements: ['numpy'] } }],
  ])('%s is not sent to a pod that would ignore it', async (field, spec) => {
    await expect(findScript(procedure(spec), ports(), 1)).rejects.toMatchObject({
      reason: 'ProtocolVersion',
      final: true,
      message: expect.stringContaining(`${field} needs protocol version 2`),
    });
  });

  it('are called by their URIs', () => {
    expect(scriptUri(procedure({ script: { inline: 'x' } }))).toBe('inline://p');
  });

  it.each([
    ['as the client of REST named it', '{"script_type":"inline","script_uri":"inline://scan.py"}', 'inline://scan.py'],
    ['not by an edited annotation', '{', 'inline://p'],
    ['not by another kind of URI', '{"script_uri":"file:///etc/passwd"}', 'inline://p'],
  ])('an inline one %s', (_, note, uri) => {
    const named = procedure({ script: { inline: 'x' } });
    named.metadata.annotations = { [ANNOTATIONS.script]: note };
    expect(scriptUri(named)).toBe(uri);
  });
});
