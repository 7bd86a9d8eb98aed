/** The chart with `store.postgresql`: operator and REST API apart, replicas by values, no volume. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CHART, helm, only, render, type Manifest } from './render.ts';

const DATABASE = 'store.postgresql.existingSecret=oet-db';
const PARTS = ['operator', 'rest'] as const;

let manifests: Manifest[];
beforeAll(async () => {
  manifests = await render(DATABASE, 'operator.replicas=2', 'rest.replicas=3');
});

const deployment = (part: string, from = manifests): Manifest =>
  only(from, 'Deployment', `ska-oso-oet-${part}-r1`).spec;
const container = (part: string, from = manifests): Manifest => {
  const { containers } = deployment(part, from).template.spec;
  expect(containers).toHaveLength(1);
  return containers[0];
};
const variable = (part: string, name: string, from = manifests): Manifest =>
  container(part, from).env.find((one: Manifest) => one.name === name);

describe('the deployments', () => {
  it.each([
    ['operator', 2],
    ['rest', 3],
  ])('of %s has its replicas, and takes no pod away before the next is ready', (part, replicas) => {
    expect(deployment(part)).toMatchObject({
      replicas,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
  });

  it.each(PARTS)('of %s selects its own pods only, which go to different nodes where they can', (part) => {
    const { selector, template } = deployment(part);
    expect(selector.matchLabels).toMatchObject({
      'app.kubernetes.io/instance': 'r1',
      'app.kubernetes.io/component': part,
    });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.spec.topologySpreadConstraints).toMatchObject([
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector },
    ]);
  });

  it.each(PARTS)('of %s has the URL from the Secret, and no volume for a file', (part) => {
    expect(variable(part, 'OET_STORE')).toEqual({
      name: 'OET_STORE',
      valueFrom: { secretKeyRef: { name: 'oet-db', key: 'url' } },
    });
    expect(deployment(part).template.spec.volumes.map((one: Manifest) => one.name)).toEqual(['tmp', 'scripts']);
    expect(manifests.map((one) => one.kind)).not.toContain('PersistentVolumeClaim');
  });

  it('can take another key, and a CA', async () => {
    const other = await render(DATABASE, 'store.postgresql.key=uri', 'store.postgresql.caSecret=oet-db-ca');
    for (const part of PARTS) {
      expect(variable(part, 'OET_STORE', other).valueFrom.secretKeyRef.key).toBe('uri');
      const { value } = variable(part, 'NODE_EXTRA_CA_CERTS', other);
      expect(value).toBe('/etc/oet/postgresql-ca/ca.crt');
      const mount = container(part, other).volumeMounts.find((one: Manifest) => value.startsWith(one.mountPath));
      expect(deployment(part, other).template.spec.volumes).toContainEqual({
        name: mount.name,
        secret: { secretName: 'oet-db-ca' },
      });
    }
  });

  it.each(PARTS)('of %s passes Pod Security "restricted"', (part) => {
    const { spec } = deployment(part).template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container(part).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('an operator that stands by is ready', () => {
    expect(variable('operator', 'OET_STANDBY_READY').value).toBe('true');
  });
});

it('the service leads to the REST API only', () => {
  const service = only(manifests, 'Service');
  expect(service.metadata.name).toBe('ska-oso-oet-rest-r1');
  expect(service.spec.selector).toEqual(deployment('rest').selector.matchLabels);
});

describe.each(PARTS)('%s', (part) => {
  it('has the rights of its own role, and no other', () => {
    const { serviceAccountName } = deployment(part).template.spec;
    expect(only(manifests, 'ServiceAccount', serviceAccountName).automountServiceAccountToken).toBe(false);
    const bound = manifests.filter(
      (one) =>
        one.kind === 'RoleBinding' && one.subjects.some((subject: Manifest) => subject.name === serviceAccountName),
    );
    expect(bound.map((one) => one.roleRef.name)).toEqual([`ska-oso-oet-r1-${part}`]);
  });

  it('has a budget and a network policy of its own', () => {
    const selector = deployment(part).selector;
    expect(only(manifests, 'PodDisruptionBudget', `ska-oso-oet-${part}-r1`).spec).toEqual({
      maxUnavailable: 1,
      selector,
    });
    const policy = only(manifests, 'NetworkPolicy', `ska-oso-oet-${part}-r1`).spec;
    expect(policy).toEqual({
      podSelector: selector,
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: part === 'rest' ? 'rest' : 'health' }] }],
    });
  });
});

it('a service account of somebody else serves both', async () => {
  const theirs = await render(DATABASE, 'serviceAccount.name=theirs');
  for (const part of PARTS) expect(deployment(part, theirs).template.spec.serviceAccountName).toBe('theirs');
  expect(theirs.map((one) => one.kind)).not.toContain('ServiceAccount');
});

it('the notes name both deployments and the Secret', async () => {
  const notes = await helm('install', 'r1', CHART, '--dry-run=client', '--set', DATABASE);
  expect(notes).toContain('rollout status deployment/ska-oso-oet-operator-r1');
  expect(notes).toContain('rollout status deployment/ska-oso-oet-rest-r1');
  expect(notes).toContain('exec deployment/ska-oso-oet-rest-r1 -c rest');
  expect(notes).toContain('by the URL in the Secret oet-db (key url)');
  expect(notes).not.toContain('WARNING');
});
