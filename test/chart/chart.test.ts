import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { CHART, helm, only, render, type Manifest } from './render.ts';

const FULL = [
  'rest.ingress.enabled=true',
  'scripts.blockDrain=true',
  'rest.oda.url=http://oda:5000',
  'scripts.env.SKA_TELESCOPE=SKA-Mid',
];

const { version } = JSON.parse(readFileSync(join(CHART, '../../package.json'), 'utf8')) as { version: string };

let plain: Manifest[];
beforeAll(async () => {
  plain = await render();
});

const container = (manifests: readonly Manifest[], name: string): Manifest =>
  only(manifests, 'Deployment').spec.template.spec.containers.find((one: Manifest) => one.name === name);
const envOf = (manifests: readonly Manifest[], name: string): Record<string, string> =>
  Object.fromEntries(container(manifests, name).env.map((one: Manifest) => [one.name, one.value]));

describe('the chart', () => {
  it('passes helm lint', async () => {
    expect(await helm('lint', '--strict', CHART)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it('has the version of the package', () => {
    const chart = load(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Manifest;
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
  });

  it('can be packaged, with the CRD and the examples in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oet-chart-'));
    try {
      await helm('package', CHART, '--destination', folder);
      const [file] = await readdir(folder);
      const manifests = await helm('template', 'r1', join(folder, file!), '--namespace', 'telescope');
      expect(manifests).toContain('kind: CustomResourceDefinition');
      expect(manifests).toContain('hello_world.py: |');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('puts nothing outside its namespace but the CRD, and no Secret', () => {
    const kinds = plain.map((one) => one.kind as string).toSorted();
    expect(kinds).toEqual([
      'ConfigMap',
      'CustomResourceDefinition',
      'Deployment',
      'NetworkPolicy',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'PodDisruptionBudget',
      'Role',
      'Role',
      'RoleBinding',
      'RoleBinding',
      'Service',
      'ServiceAccount',
    ]);
  });

  it('labels everything as its own', async () => {
    for (const one of await render(...FULL))
      expect(one.metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': 'r1',
        'app.kubernetes.io/managed-by': 'Helm',
      });
  });

  it.each([
    ['rest.logLevel=loud', 'rest/logLevel'],
    ['operator.logLevel=CRITICAL', 'operator/logLevel'],
    ['scripts_location=scripts', 'scripts_location'],
    ['rest.imgae.tag=x', 'imgae'],
    ['scripts.env.OET_STORE=x', 'OET_STORE'],
    ['crd.install=maybe', 'crd/install'],
    ['rest.oda.url=oda:5000', 'rest/oda/url'],
    ['runAsUser=0', 'runAsUser'],
    ['store.persistence.accessModes={ReadWriteMany}', 'accessModes'],
    ['store.postgresql.url=postgres://u:p@h/d', 'url'],
    ['store.postgresql.key=a b', 'postgresql/key'],
    ['rest.replicas=0', 'rest/replicas'],
    ['rest.replicas=2', 'need store.postgresql.existingSecret'],
    ['operator.replicas=2', 'need store.postgresql.existingSecret'],
  ])('refuses %s', async (value, where) => {
    await expect(helm('template', 'r1', CHART, '--set', value)).rejects.toThrow(where);
  });
});

describe('the CRD', () => {
  it('is the generated one, stays at an uninstall and is upgraded as any template', () => {
    const crd = only(plain, 'CustomResourceDefinition');
    const generated = load(readFileSync(join(CHART, '../../crds/procedures.oet.skao.int.yaml'), 'utf8')) as Manifest;
    expect(crd.spec).toEqual(generated.spec);
    expect(crd.metadata.name).toBe(generated.metadata.name);
    expect(crd.metadata.annotations['helm.sh/resource-policy']).toBe('keep');
  });

  it('can be left out', async () => {
    expect((await render('crd.install=never')).map((one) => one.kind)).not.toContain('CustomResourceDefinition');
  });
});

describe('what upstream’s users rely on', () => {
  it('the service is ska-oso-oet-rest-<release> on port 5000', () => {
    const service = only(plain, 'Service');
    expect(service.metadata.name).toBe('ska-oso-oet-rest-r1');
    expect(service.spec.ports).toEqual([{ name: 'http', port: 5000, targetPort: 'rest' }]);
    expect(container(plain, 'rest').ports).toEqual([{ name: 'rest', containerPort: 5000 }]);
    expect(only(plain, 'Deployment').spec.template.metadata.labels).toMatchObject(service.spec.selector);
  });

  it('the ingress serves /<namespace>/oet/api, if wanted', async () => {
    expect(plain.map((one) => one.kind)).not.toContain('Ingress');
    const ingress = only(await render('rest.ingress.enabled=true', 'rest.ingress.host=oet.example'), 'Ingress');
    expect(ingress.spec.rules).toEqual([
      {
        host: 'oet.example',
        http: {
          paths: [
            {
              path: '/telescope/oet/api',
              pathType: 'Prefix',
              backend: { service: { name: 'ska-oso-oet-rest-r1', port: { name: 'http' } } },
            },
          ],
        },
      },
    ]);
  });

  it('examples lie in scripts_location', async () => {
    const data = only(plain, 'ConfigMap').data as Record<string, string>;
    expect(data['hello_world_without_sb.py']).toContain('def init(subarray_id):');
    expect(data['abort.py']).toBe(readFileSync(join(CHART, '../../docs/examples/abort.py'), 'utf8'));
    expect(envOf(plain, 'operator').OET_SCRIPTS_PATH).toBe('/tmp/scripts');
    const moved = await render('scripts_location=/scripts', 'scripts.files={"mine.py":"def main(): pass\\n"}');
    expect(only(moved, 'ConfigMap').data['mine.py']).toBe('def main(): pass\n');
    for (const name of ['operator', 'rest'])
      expect(container(moved, name).volumeMounts).toContainEqual({
        name: 'scripts',
        mountPath: '/scripts',
        readOnly: true,
      });
    expect(envOf(moved, 'rest').SCRIPTS_LOCATION).toBe('/scripts');
  });

  it('images, resources, probes and places are by value', async () => {
    const manifests = await render(
      'rest.image={"registry":"registry.example/","image":"oet","tag":"9"}',
      'rest.resources={"limits":{"memory":"1Gi"}}',
      'rest.livenessProbe.failureThreshold=9',
      'nodeSelector.disk=ssd',
      'tolerations=[{"key":"a","operator":"Exists"}]',
    );
    const rest = container(manifests, 'rest');
    expect(rest.image).toBe('registry.example/oet:9');
    expect(rest.resources.limits.memory).toBe('1Gi');
    expect(rest.livenessProbe).toMatchObject({ failureThreshold: 9, httpGet: { path: '/healthz', port: 'rest' } });
    const { nodeSelector, tolerations } = only(manifests, 'Deployment').spec.template.spec;
    expect(nodeSelector).toEqual({ disk: 'ssd' });
    expect(tolerations).toHaveLength(1);
    expect(container(plain, 'rest').image).toBe(`ska-oso-oet:${version}`);
  });

  it('scripts get the environment of the telescope', async () => {
    const env = envOf(await render(...FULL), 'operator');
    expect(env).toMatchObject({
      ODA_URL: 'http://oda:5000',
      SKA_TELESCOPE: 'SKA-Mid',
      OET_SCRIPT_ENV: 'ODA_URL,SKA_TELESCOPE',
    });
    expect(envOf(plain, 'operator').OET_SCRIPT_ENV).toBe('');
  });
});

describe('safety', () => {
  it('passes Pod Security "restricted", with a root file system that cannot be written', () => {
    const { spec } = only(plain, 'Deployment').spec.template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const one of spec.containers)
      expect(one.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  it('leaves user ids to OpenShift where asked to', async () => {
    const manifests = await render('runAsUser=null', 'scripts.user=null');
    const { securityContext } = only(manifests, 'Deployment').spec.template.spec;
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(envOf(manifests, 'operator').OET_SCRIPT_USER).toBe('');
  });

  it('never runs two pods on one store', () => {
    const { replicas, strategy } = only(plain, 'Deployment').spec;
    expect([replicas, strategy]).toEqual([1, { type: 'Recreate' }]);
  });

  it('lets nothing connect to scripts, and scripts only where values allow it', async () => {
    const policy = (manifests: readonly Manifest[]): Manifest =>
      only(manifests, 'NetworkPolicy', 'ska-oso-oet-scripts-r1').spec;
    expect(policy(plain)).toMatchObject({ policyTypes: ['Ingress', 'Egress'], ingress: [] });
    expect(policy(plain).podSelector.matchLabels).toEqual({ 'app.kubernetes.io/managed-by': 'oet' });
    expect(JSON.stringify(policy(plain).egress)).toContain('169.254.0.0/16');
    expect(policy(await render('scripts.networkPolicy.egress=[]')).egress).toEqual([]);
  });

  it('can keep drains waiting for scripts', async () => {
    const budget = only(await render('scripts.blockDrain=true'), 'PodDisruptionBudget', 'ska-oso-oet-scripts-r1');
    expect(budget.spec.minAvailable).toBeGreaterThan(100_000);
  });

  it.each([
    [[], { persistentVolumeClaim: { claimName: 'ska-oso-oet-r1' } }, 1],
    [['store.persistence.existingClaim=mine'], { persistentVolumeClaim: { claimName: 'mine' } }, 0],
    [['store.persistence.enabled=false'], { emptyDir: { sizeLimit: '2Gi' } }, 0],
  ])('keeps the store where %j says', async (values, volume, claims) => {
    const manifests = await render(...values);
    const { volumes } = only(manifests, 'Deployment').spec.template.spec;
    expect(volumes).toContainEqual({ name: 'store', ...volume });
    expect(manifests.filter((one) => one.kind === 'PersistentVolumeClaim')).toHaveLength(claims);
  });
});

describe('rights', () => {
  /** Rows of README.md's table, as rules. */
  const told = readFileSync(join(CHART, 'README.md'), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, role]) => role === 'operator' || role === 'rest')
    .map(([, role, group, resource, only_, verbs]) => ({ role, group, resource, only: only_, verbs }));

  it('are those of README.md', () => {
    const given = ['operator', 'rest'].flatMap((role) =>
      only(plain, 'Role', `ska-oso-oet-r1-${role}`).rules.map((rule: Manifest) => ({
        role,
        group: rule.apiGroups.join(),
        resource: rule.resources.join(),
        only: (rule.resourceNames ?? []).join(),
        verbs: rule.verbs.join(', '),
      })),
    );
    expect(given.length).toBeGreaterThan(5);
    expect(given).toEqual(told);
  });

  it('have no wildcard and do not reach Secrets', () => {
    const text = JSON.stringify(plain.filter((one) => one.kind === 'Role'));
    expect(text).not.toMatch(/\*|secrets/);
  });

  it('are not given to a service account of somebody else', async () => {
    const manifests = await render('serviceAccount.name=theirs');
    expect(manifests.map((one) => one.kind)).not.toContain('Role');
    expect(only(manifests, 'Deployment').spec.template.spec.serviceAccountName).toBe('theirs');
  });
});
