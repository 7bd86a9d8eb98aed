/**
 * The pod of a procedure: one container `main` whose command is the bootstrap. No volumes, no finalizers, no token: a pod
 * without volumes runs Python 0.3 s sooner, and a finalizer stalls drains without saving the log (design.md section 2).
 */
import { API_VERSION, DEFAULTS, KIND, LABELS, MANAGED_BY, ROLES } from '../../crds/constants.ts';
import type { Procedure } from '../../crds/index.ts';
import type { Container, EnvVar, Pod, PodSpec } from '../../kube/index.ts';
import { EXTRA_GRACE_SECONDS } from '../decide/decide.ts';
import { GIT_CREDENTIALS_PATH } from './script.ts';

const GIT_VOLUME = 'oet-git-credentials';

export interface PodSettings {
  /** The bootstrap's source, for `python3 -c`. */
  readonly bootstrap: string;
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** By value under "restricted": an image whose user is root is refused. Undefined on OpenShift, which sets its own. */
  readonly runAsUser: number | undefined;
  /** Environment that every script sees: the operator's own settings for it (SKA_TELESCOPE, TANGO_HOST …). */
  readonly env: Readonly<Record<string, string>>;
}

/** `<name>-<8 of the uid>`, at most 63 characters: a re-created procedure of the same name never meets the old one's pod. */
export function podName(name: string, uid: string): string {
  const suffix = uid.replaceAll('-', '').slice(0, 8);
  return `${name.slice(0, 63 - 9).replace(/[.-]+$/, '')}-${suffix}`;
}

export function buildPod(procedure: Procedure, settings: PodSettings): Pod {
  const { name = '', namespace, uid = '' } = procedure.metadata;
  const template = procedure.spec.podTemplate ?? {};
  const id = procedure.status.id;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: procedure.status.claim?.podName ?? podName(name, uid),
      namespace,
      labels: {
        ...template.labels,
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.role]: ROLES.script,
        [LABELS.procedure]: name,
        [LABELS.procedureUid]: uid,
        ...(id !== undefined && { [LABELS.id]: String(id) }),
      },
      ...(template.annotations && { annotations: template.annotations }),
      ownerReferences: [
        { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: false },
      ],
    },
    spec: podSpec(procedure, settings),
  };
}

function podSpec(procedure: Procedure, settings: PodSettings): PodSpec {
  const template = procedure.spec.podTemplate ?? {};
  const secretName = procedure.spec.script.git?.secretRef?.name;
  const volumes = [
    ...(template.volumes ?? []),
    // Optional: the kubelet would wait for it without a word; the runner tells that it is not there.
    ...(secretName === undefined ? [] : [{ name: GIT_VOLUME, secret: { secretName, optional: true } }]),
  ];
  const grace = procedure.spec.stop?.gracePeriodSeconds ?? DEFAULTS.gracePeriodSeconds;
  const { nodeSelector, tolerations, affinity, serviceAccountName, priorityClassName, imagePullSecrets } = template;
  return {
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: serviceAccountName !== undefined,
    terminationGracePeriodSeconds: grace + EXTRA_GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...(settings.runAsUser !== undefined && { runAsUser: settings.runAsUser }),
    },
    containers: [container(procedure, settings)],
    ...(volumes.length > 0 && { volumes }),
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations }),
    ...(affinity && { affinity }),
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(imagePullSecrets && { imagePullSecrets }),
  };
}

function container(procedure: Procedure, settings: PodSettings): Container {
  const template = procedure.spec.podTemplate ?? {};
  const own = new Set((template.env ?? []).map(({ name }) => name));
  const defaults = { HOME: '/tmp', USER: 'oet', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', ...settings.env };
  const { resources, envFrom } = template;
  const volumeMounts = [
    ...(template.volumeMounts ?? []),
    ...(procedure.spec.script.git?.secretRef
      ? [{ name: GIT_VOLUME, mountPath: GIT_CREDENTIALS_PATH, readOnly: true }]
      : []),
  ];
  return {
    name: 'main',
    image: procedure.spec.environment?.image ?? settings.image,
    imagePullPolicy: template.imagePullPolicy ?? settings.imagePullPolicy,
    // -I would hide the image's own PYTHONPATH; -u keeps the interpreter's last words.
    command: ['python3', '-u', '-c', settings.bootstrap],
    stdin: true,
    env: [
      ...Object.entries(defaults)
        .filter(([name]) => !own.has(name))
        .map(([name, value]) => ({ name, value })),
      ...((template.env ?? []) as EnvVar[]),
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    ...(resources && { resources: resources as NonNullable<Container['resources']> }),
    ...(envFrom && { envFrom }),
    ...(volumeMounts.length > 0 && { volumeMounts }),
  };
}
